// Writes src/generated.ts: the types of our operations, from the API's schema. The schema is the file named by SCHEMA
// (docs/reference/schema.graphql of a release), or is asked of the server at PARCOURS_URL with PARCOURS_TOKEN.
import { readFile, writeFile } from "node:fs/promises";
import { codegen } from "@graphql-codegen/core";
import * as typedDocument from "@graphql-codegen/typed-document-node";
import * as typescript from "@graphql-codegen/typescript";
import * as operations from "@graphql-codegen/typescript-operations";
import { buildClientSchema, buildSchema, getIntrospectionQuery, parse, printSchema } from "graphql";

async function readSchema() {
  // It is a subgraph's schema: federation's directives are used in it and defined elsewhere.
  if (process.env.SCHEMA) return buildSchema(await readFile(process.env.SCHEMA, "utf8"), { assumeValidSDL: true });
  const response = await fetch(process.env.PARCOURS_URL ?? "http://127.0.0.1:8000/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${process.env.PARCOURS_TOKEN}` },
    body: JSON.stringify({ query: getIntrospectionQuery() }),
  });
  const { data, errors } = await response.json();
  if (!data) throw new Error(`the schema could not be read: ${JSON.stringify(errors)}`);
  return buildClientSchema(data);
}

const schema = await readSchema();
const documents = parse(await readFile(new URL("src/operations.graphql", import.meta.url), "utf8"));
const output = await codegen({
  filename: "src/generated.ts",
  schema: parse(printSchema(schema)),
  schemaAst: schema,
  documents: [{ location: "src/operations.graphql", document: documents }],
  config: { scalars: { DateTime: "string", Date: "string" }, enumsAsTypes: true, useTypeImports: true },
  plugins: [{ typescript: {} }, { operations: {} }, { typedDocument: {} }],
  pluginMap: { typescript, operations, typedDocument },
});
await writeFile(new URL("src/generated.ts", import.meta.url), output);
