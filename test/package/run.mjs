// Packs the library, installs the tarball in a fresh strict TypeScript project, and runs that in every host:
//
//   node test/package/run.mjs
//
// Types must hold with and without the DOM's, for both ways to resolve modules and two versions of TypeScript. The
// program then runs in Node.js 20, 22 and 24, Deno, Bun, and Chromium (a Vite build, Vite's own server, a plain module
// script): each must print what Node.js 20 does. The last line is `N passed, N failed`.

import { execFile, execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TIME_LIMIT_MS = 120_000;
const CHROMIUM = "/usr/bin/chromium";
/** What the Vite build may contain of the package's modules: the kernel that is used. */
const SHIPPED = /^release-[\w-]+\.wasm$/;
const MIME_TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

const tool = (path) => join(HERE, "node_modules", path);
const hosts = {
  "Node.js 20": [tool("node20/bin/node")],
  "Node.js 22": [tool("node22/bin/node")],
  "Node.js 24": [tool("node24/bin/node")],
  Deno: [tool("@deno/linux-x64-glibc/deno"), "run", "--allow-read"],
  Bun: [tool("@oven/bun-linux-x64/bin/bun")],
};
const compilers = [tool("typescript5/bin/tsc"), tool("typescript/bin/tsc")];

/** Runs a program and returns what it printed; fails with all that it said. */
async function output(command, args, cwd) {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, timeout: TIME_LIMIT_MS });
    return stdout.trim();
  } catch (error) {
    throw new Error(`${error.message}\n${error.stdout}${error.stderr}`);
  }
}

/** The tools, Debian's Chromium, and, in a folder, a project with the packed library. */
async function prepare(project) {
  if (!existsSync(tool(".package-lock.json"))) {
    await output("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], HERE);
  }
  if (!existsSync(CHROMIUM)) {
    execFileSync("apt-get", ["install", "-y", "-qq", "chromium"], { stdio: "ignore" });
  }
  cpSync(join(HERE, "project"), project, { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  await output("npm", ["pack", "--silent", "--pack-destination", project], ROOT);
  const tarball = readdirSync(project).find((name) => name.endsWith(".tgz"));
  await output("npm", ["install", "--no-audit", "--no-fund", `./${tarball}`], project);
}

/** Checks the types of `files` as one project would have them checked. */
async function checkTypes(project, compiler, compilerOptions, files) {
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false };
  const options = { target: "es2022", types: [], outDir: "compiled", ...strict };
  const config = { compilerOptions: { ...options, ...compilerOptions }, files };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  await output(process.execPath, [compiler, "-p", "."], project);
}

/** Serves a folder, and calls `use` with its address. */
async function serving(folder, use) {
  const server = createServer(async ({ url }, response) => {
    const path = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname));
    try {
      const contents = await readFile(
        join(folder, path.endsWith("/") ? `${path}index.html` : path),
      );
      response.writeHead(200, { "content-type": MIME_TYPES[extname(path)] ?? "text/html" });
      response.end(contents);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${server.address().port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Opens a page and returns the text that its script puts there. */
async function textOf(browser, url) {
  const page = await browser.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  try {
    await page.goto(url);
    await page.waitForFunction("document.body?.textContent.trim() !== ''", null, {
      timeout: TIME_LIMIT_MS / 2,
    });
    return (await page.textContent("body")).trim();
  } catch (error) {
    throw new Error(`${error.message}\n${said.join("\n")}`);
  } finally {
    await page.close();
  }
}

let passed = 0;
let failed = 0;

/** One check. */
async function check(name, action) {
  try {
    await action();
    passed++;
    console.log(`passed: ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED: ${name}: ${error.message}`);
  }
}

function mustBe(got, expected) {
  if (got !== expected) throw new Error(`${got}, not ${expected}`);
}

async function typeChecks(project) {
  const resolutions = { NodeNext: "NodeNext", Bundler: "ESNext" };
  for (const [index, compiler] of compilers.entries()) {
    for (const [moduleResolution, module] of Object.entries(resolutions)) {
      for (const lib of [["es2023"], ["es2023", "dom"]]) {
        const hasDom = lib.includes("dom");
        const files = hasDom ? ["program.ts", "page.ts"] : ["program.ts"];
        await check(`types for ${lib} by ${moduleResolution}, compiler ${index + 1}`, () =>
          checkTypes(project, compiler, { lib, module, moduleResolution }, files),
        );
      }
    }
  }
  const node = { lib: ["es2023", "dom"], module: "NodeNext", moduleResolution: "NodeNext" };
  await check("what the hosts run, compiled", () =>
    checkTypes(project, compilers[0], node, ["main.ts", "page.ts"]),
  );
}

async function inBrowsers(project, expected) {
  const { chromium } = await import(tool("playwright-core/index.mjs"));
  const { build, createServer: createVite } = await import(tool("vite/dist/node/index.js"));
  const quiet = { root: project, logLevel: "error", configFile: false };
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    await check("a Vite build in Chromium", async () => {
      await build({ ...quiet, build: { target: "es2022" } });
      const modules = readdirSync(join(project, "dist/assets")).filter((name) =>
        name.endsWith(".wasm"),
      );
      if (modules.length !== 1 || !SHIPPED.test(modules[0])) throw new Error(`ships ${modules}`);
      await serving(join(project, "dist"), async (url) =>
        mustBe(await textOf(browser, url), expected),
      );
    });
    await check("Vite's own server in Chromium", async () => {
      const server = await createVite({ ...quiet, server: { port: 0, host: "127.0.0.1" } });
      try {
        await server.listen();
        mustBe(await textOf(browser, server.resolvedUrls.local[0]), expected);
      } finally {
        await server.close();
      }
    });
    await check("a plain module script in Chromium", () =>
      serving(project, async (url) => mustBe(await textOf(browser, `${url}plain.html`), expected)),
    );
  } finally {
    await browser.close();
  }
}

const project = mkdtempSync(join(tmpdir(), "kthread-machine-package-"));
// Also by Ctrl-C, which ends what this one waits for, too.
process.once("exit", () => rmSync(project, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
await prepare(project);
await typeChecks(project);
let expected = null;
for (const [name, [command, ...args]] of Object.entries(hosts)) {
  await check(name, async () => {
    const got = await output(command, [...args, "compiled/main.js"], project);
    expected ??= got;
    mustBe(got, expected);
  });
}
console.log(`hashes: ${expected}`);
await inBrowsers(project, expected);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
