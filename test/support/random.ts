// Random numbers for tests: a function of the seed alone.

/** A generator of 32-bit random numbers (a counter through the finaliser of MurmurHash3). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) % n;
  }

  /** True once in n times. */
  once(n: number): boolean {
    return this.below(n) === 0;
  }

  /** One of the elements. */
  pick<E>(elements: readonly E[]): E {
    return elements[this.below(elements.length)] as E;
  }
}
