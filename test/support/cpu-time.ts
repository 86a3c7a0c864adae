// Processor time, by which tests notice a hang: on a busy computer the clock advances without the test.

/** Milliseconds of processor time that this process has used so far. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
