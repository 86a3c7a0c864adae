// For browsers: the result, or what went wrong, is the page's text.

import { run } from "./program.js";

document.body.textContent = await run().catch(String);
