// For hosts with a console.

import { run } from "./program.js";

console.log(await run());
