// assembly/sys/syscall.ts: the numbers of the kernel calls, for the kernel.

import { HEADER } from "./table.mjs";

export const path = "assembly/sys/syscall.ts";

export function emit({ calls }) {
  const lines = [...calls]
    .sort((a, b) => a.nr - b.nr)
    .map(({ name, nr }) => `  ${name} = ${nr},\n`);
  return `${HEADER}
/** Kernel calls by name. */
export enum Sys {
${lines.join("")}}
`;
}
