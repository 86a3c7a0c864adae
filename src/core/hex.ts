/** A number in hexadecimal with 0x, as messages have addresses. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
