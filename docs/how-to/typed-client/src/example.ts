/** Prints a customer's card and how many customers there are: node dist/example.js URL TOKEN USER_ID */
import { CustomerCardDocument, CustomerPageDocument, ParcoursClient, RefusedError } from "./client.js";

declare const process: { argv: string[] };
const [url = "http://127.0.0.1:8000/graphql", token = "", userId = ""] = process.argv.slice(2);
const client = new ParcoursClient({ url, token });
try {
  const { data, masked } = await client.ask(CustomerCardDocument, { identity: { type: "USER_ID", value: userId } });
  const stage = data.customer?.lifecycle?.stage ?? null;
  let count = 0;
  const pages = client.pages(CustomerPageDocument, { first: 50, after: null }, (page) => page.customers.pageInfo);
  for await (const page of pages) count += page.customers.edges?.length ?? 0;
  console.log(JSON.stringify({ stage, count, masked: masked.map((field) => field.path) }));
} catch (error) {
  if (!(error instanceof RefusedError)) throw error;
  console.log(JSON.stringify({ refused: error.code, status: error.status }));
}
