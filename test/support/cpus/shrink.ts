// Makes a storm that fails as small as it gets, by leaving out threads and operations as long as it fails.

import type { Op, Role, Script } from "./script.js";

/** A thread that does nothing and is never made: it keeps the indices of the others. */
const nobody: Role = { cpu: -1, level: 0, ops: [] };

/** The smallest script that is found for which `fails` is true, as it is for the given one. */
export function shrink(script: Script, fails: (script: Script) => boolean): Script {
  let best = script;
  const attempt = (candidate: Script): boolean => {
    if (!fails(candidate)) return false;
    best = candidate;
    return true;
  };
  for (let before = Number.POSITIVE_INFINITY; weight(best) < before; ) {
    before = weight(best);
    for (const index of script.roles.keys()) attempt(withRole(best, index, nobody));
    for (const index of script.roles.keys()) shrinkOps(index, () => best, attempt);
    attempt({ ...best, roundRobin: 0 });
    attempt({ ...best, preemption: false });
  }
  return best;
}

function weight({ roles }: Script): number {
  return roles.reduce((sum, { cpu, ops }) => sum + ops.length + (cpu >= 0 ? 1 : 0), 0);
}

function withRole(script: Script, index: number, role: Role): Script {
  return { ...script, roles: script.roles.with(index, role) };
}

/** Leaves out pieces of a thread's operations: halves first, single ones last. */
function shrinkOps(
  index: number,
  best: () => Script,
  attempt: (candidate: Script) => boolean,
): void {
  const roleOf = () => best().roles[index] as Role;
  for (let size = Math.ceil(roleOf().ops.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = roleOf().ops.length - size; at >= 0; at--) {
      const role = roleOf();
      const ops: Op[] = role.ops.toSpliced(at, size);
      attempt(withRole(best(), index, { ...role, ops }));
    }
  }
}

/** A script as text that can be read, and pasted into a test. */
export function scriptText(script: Script): string {
  const { roles, ...rest } = script;
  const lines = roles.map((role, index) =>
    role === nobody ? "" : `  t${index}: ${JSON.stringify(role)}`,
  );
  return [JSON.stringify(rest), ...lines.filter((line) => line !== "")].join("\n");
}
