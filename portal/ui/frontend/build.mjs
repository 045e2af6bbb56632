/**
 * Builds everything a browser loads from the portal: `npm run build` writes ../static.
 *
 * Each file carries a hash of its content in its name, so it may be cached for a year; manifest.json
 * tells the application which name stands for which file, and holds the SHA-256 of the one inline
 * script, which the Content-Security-Policy header needs. Beside each text file lie its gzip and
 * brotli twins, so the server never compresses while somebody waits.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import esbuild from "esbuild";
import * as sass from "sass";
import subsetFont from "subset-font";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static");
const base = join(here, "..", "templates", "ui", "base.html");

/** Stylesheets are Sass, but addresses inside them (fonts, pictures) are for esbuild to resolve. */
const sassPlugin = {
  name: "sass",
  setup(build) {
    build.onLoad({ filter: /\.scss$/ }, ({ path }) => {
      const { css, loadedUrls } = sass.compile(path, {
        style: "compressed",
        importers: [{ findFileUrl: (url) => fromPackage(url) }],
        // The kit's own files are not ours to change.
        quietDeps: true,
      });
      return {
        contents: css,
        loader: "css",
        resolveDir: dirname(path),
        watchFiles: loadedUrls.map((url) => fileURLToPath(url)),
      };
    });
  },
};

/** Latin Extended-A and the Romanian commas: the letters of every language of the Union in Latin script. */
const LETTERS = [...Array(128).keys()].map((n) => String.fromCharCode(0x100 + n)).join("") + "ȘșȚț";

/** The file of further letters holds phonetics and old spellings too: four fifths of it, on every first visit. */
const fontPlugin = {
  name: "fewer letters",
  setup(build) {
    build.onLoad({ filter: /latin-ext[^/]*\.woff2$/ }, async ({ path }) => ({
      contents: await subsetFont(await readFile(path), LETTERS, { targetFormat: "woff2" }),
      loader: "file",
    }));
  },
};

function fromPackage(url) {
  return url.startsWith("govuk-frontend/") ? pathToFileURL(join(here, "node_modules", url)) : null;
}

const shortHash = (content) => createHash("sha256").update(content).digest("hex").slice(0, 10);

/** One sprite of all icons: `<use href="icons.svg#roads">`; an icon's name is its file's name. */
async function sprite() {
  const folder = join(here, "icons");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".svg")).sort();
  const symbols = await Promise.all(
    names.map(async (name) => {
      const source = await readFile(join(folder, name), "utf8");
      const [, viewBox, body] = source.match(/<svg[^>]*viewBox="([^"]+)"[^>]*>([\s\S]*)<\/svg>/) ?? [];
      if (!body) throw new Error(`icons/${name} is not an svg with a viewBox`);
      return `<symbol id="${basename(name, ".svg")}" viewBox="${viewBox}">${body.trim()}</symbol>`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

/** The header allows exactly one inline script: the kit's switch in base.html. */
async function inlineHash() {
  const scripts = [...(await readFile(base, "utf8")).matchAll(/<script>([\s\S]*?)<\/script>/g)];
  if (scripts.length !== 1) throw new Error(`base.html must hold one inline script, found ${scripts.length}`);
  return `sha256-${createHash("sha256").update(scripts[0][1]).digest("base64")}`;
}

/** The licences of everything that is delivered to browsers; licences/ holds those a package leaves out, its own or
 *  of what it brings along. */
async function licences() {
  const { dependencies } = JSON.parse(await readFile(join(here, "package.json"), "utf8"));
  const own = await readdir(join(here, "licences"));
  const parts = await Promise.all(
    Object.keys(dependencies).map(async (name) => {
      const folder = join(here, "node_modules", name);
      const file = (await readdir(folder)).find((entry) => /^(licen[sc]e|mit-licen[sc]e)/i.test(entry));
      if (!file && !own.includes(`${name}.txt`)) throw new Error(`${name} has no licence file`);
      const path = file ? join(folder, file) : join(here, "licences", `${name}.txt`);
      const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
      return `${name} ${version}\n\n${(await readFile(path, "utf8")).trim()}\n`;
    }),
  );
  for (const name of own.filter((entry) => !(entry.replace(/\.txt$/, "") in dependencies))) {
    parts.push(`${name.replace(/\.txt$/, "")}\n\n${(await readFile(join(here, "licences", name), "utf8")).trim()}\n`);
  }
  return parts.join(`\n${"-".repeat(72)}\n\n`);
}

async function compressAll(folder) {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!/\.(css|js|svg|txt)$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    const content = await readFile(path);
    await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
    await writeFile(`${path}.br`, brotliCompressSync(content, { params }));
  }
}

async function build() {
  const { metafile, outputFiles } = await esbuild.build({
    absWorkingDir: here,
    entryPoints: [
      { in: "scss/portal.css", out: "portal" },
      { in: "scss/map.css", out: "map" },
      { in: "js/main.js", out: "main" },
      { in: "js/desk.js", out: "desk" },
      { in: "js/map.js", out: "map" },
      { in: "js/passkey.js", out: "passkey" },
      { in: "js/proof.js", out: "proof" },
      { in: "js/suggest.js", out: "suggest" },
    ],
    outdir: out,
    write: false,
    bundle: true,
    minify: true,
    metafile: true,
    format: "iife",
    target: ["es2020", "chrome99", "firefox97", "safari15.4"],
    // The kit marks every description of a component as a legal comment; licences.txt says it all.
    legalComments: "none",
    loader: { ".woff2": "file", ".svg": "file", ".png": "file" },
    entryNames: "[name]-[hash]",
    assetNames: "[ext]/[name]-[hash]",
    plugins: [sassPlugin, fontPlugin],
  });

  // Only now that it compiled is the former result taken away.
  await rm(out, { recursive: true, force: true });
  for (const { path, contents } of outputFiles) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
  }

  const manifest = {};
  const put = (logical, file) => {
    manifest[logical] = relative(out, join(here, file)).replaceAll("\\", "/");
  };
  for (const [file, { entryPoint, inputs }] of Object.entries(metafile.outputs)) {
    if (entryPoint) put(`${basename(entryPoint).replace(/\.\w+$/, "")}.${file.split(".").pop()}`, file);
    else put(basename(Object.keys(inputs)[0] ?? file), file);
  }
  for (const [logical, content] of [
    ["icons.svg", await sprite()],
    ...(await Promise.all(
      ["favicon.svg", "funding-eu.svg", "funding-pas.svg"].map(async (name) => [name, await readFile(join(here, "images", name))]),
    )),
  ]) {
    const name = logical.replace(".", `-${shortHash(content)}.`);
    await writeFile(join(out, name), content);
    manifest[logical] = name;
  }
  await writeFile(join(out, "licences.txt"), await licences());
  manifest["licences.txt"] = "licences.txt";
  manifest["inline-sha256"] = await inlineHash();

  await compressAll(out);
  const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => a.localeCompare(b)));
  // Written last: a manifest means that everything it names is there.
  await writeFile(join(out, "manifest.json"), `${JSON.stringify(sorted, null, 1)}\n`);
  console.log(`${Object.keys(sorted).length} entries in ${relative(process.cwd(), join(out, "manifest.json"))}`);
}

await build();
