/**
 * Checks finished pages: `npm run validate -- FILE…` prints one line a finding and ends with 1 if there is any.
 * The package's own command wants a newer Node than the rest of the build; its library does not.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { HtmlValidate, StaticConfigLoader } from "html-validate";

const here = dirname(fileURLToPath(import.meta.url));
const config = JSON.parse(await readFile(join(here, ".htmlvalidate.json"), "utf8"));
const checker = new HtmlValidate(new StaticConfigLoader(config));

let found = 0;
for (const path of process.argv.slice(2)) {
  const report = await checker.validateString(await readFile(path, "utf8"), path);
  for (const { messages } of report.results) {
    for (const { line, column, ruleId, message } of messages) {
      found += 1;
      console.log(`${path}:${line}:${column} ${ruleId}: ${message}`);
    }
  }
}
console.log(`${process.argv.length - 2} pages, ${found} findings`);
process.exitCode = found ? 1 : 0;
