// The Relay compiler: our schema is one Relay accepts (connections, node, pagination); prints what it wrote.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { sdl, source } = JSON.parse(process.argv[2]);
const compiler = createRequire(import.meta.url)("relay-compiler");
const folder = mkdtempSync(join(tmpdir(), "relay-"));
try {
  mkdirSync(join(folder, "src"));
  writeFileSync(join(folder, "schema.graphql"), sdl);
  writeFileSync(join(folder, "src", "Customers.js"), source);
  const config = { src: "src", language: "javascript", schema: "schema.graphql", artifactDirectory: "out" };
  writeFileSync(join(folder, "relay.config.json"), JSON.stringify(config));
  mkdirSync(join(folder, "out"));
  execFileSync(compiler, ["relay.config.json"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  console.log(JSON.stringify(readdirSync(join(folder, "out")).sort()));
} finally {
  rmSync(folder, { recursive: true });
}
