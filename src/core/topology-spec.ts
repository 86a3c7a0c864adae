// kern.sched.topology_spec: the groups of CPUs that ule sees, in FreeBSD's form (sched_ule.c,
// sysctl_kern_sched_topology_spec).

import type { CompleteConfig } from "./config.js";

/**
 * The groups of CPUs, from the machine down to what has no others in it, with the level of the cache that they
 * share.
 */
export function topologySpec({ cpus, topology }: CompleteConfig): string {
  const { caches = 1, cores = 1, threads = 1 } = topology;
  const isFlat = Object.keys(topology).length === 0;
  const sizes = isFlat ? [] : [threads * cores * caches, threads * cores, threads];
  const groups = [cpus, ...sizes].filter((size, i, all) => i === 0 || size < (all[i - 1] ?? 0));
  const cacheOf = (size: number) => {
    if (!isFlat && size === threads) return 2;
    return size === (isFlat ? cpus : threads * cores) ? 3 : 0;
  };
  const group = (depth: number, first: number): string[] => {
    const size = groups[depth] as number;
    const pad = " ".repeat(1 + 2 * depth);
    const numbers = Array.from({ length: size }, (_, i) => first + i);
    const mask = numbers.reduce((set, cpu) => set | (1n << BigInt(cpu)), 0n).toString(16);
    const part = groups[depth + 1];
    const isCore = !isFlat && size === threads && threads > 1;
    const own = [
      `${pad}<group level="${depth + 1}" cache-level="${cacheOf(size)}">`,
      `${pad} <cpu count="${size}" mask="${mask}">${numbers.join(", ")}</cpu>`,
      ...(isCore ? [`${pad} <flags><flag name="THREAD">THREAD group</flag></flags>`] : []),
    ];
    const children = (): string[] => {
      if (part === undefined || part === 1) return [];
      const inside = numbers.filter((cpu) => cpu % part === 0);
      const parts = inside.flatMap((cpu) => group(depth + 1, cpu));
      return [`${pad} <children>`, ...parts, `${pad} </children>`];
    };
    return [...own, ...children(), `${pad}</group>`];
  };
  return `${["<groups>", ...group(0, 0), "</groups>"].join("\n")}\n`;
}
