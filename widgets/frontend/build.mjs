// Bundles each widget into one ES module and one style sheet under widgets/static, and records
// what they were built from. `--watch` writes to widgets/static-dev, which git ignores and which
// the loader prefers while ANYWIDGET_HMR is set.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const watch = process.argv.includes("--watch");
const outdir = at(watch ? "../static-dev" : "../static");

/** What goes into the digest; hatch_build.py computes the same. */
function digest() {
  const sources = readdirSync(at("src"), { recursive: true })
    .map((name) => `src/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(".ts") || name.endsWith(".css"));
  const hash = createHash("sha256");
  for (const name of ["build.mjs", "package-lock.json", ...sources].sort()) {
    hash.update(`${name}\0${readFileSync(at(name), "utf8").replaceAll("\r\n", "\n")}\0`);
  }
  return hash.digest("hex");
}

const options = {
  entryPoints: {
    gallery: at("src/gallery/index.ts"),
    job_progress: at("src/job_progress/index.ts"),
  },
  outdir,
  bundle: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  minify: !watch,
  sourcemap: watch ? "inline" : false,
  logLevel: "info",
};

mkdirSync(outdir, { recursive: true });
if (watch) {
  await (await esbuild.context(options)).watch();
} else {
  await esbuild.build(options);
  writeFileSync(`${outdir}/inputs.sha256`, `${digest()}\n`);
}
