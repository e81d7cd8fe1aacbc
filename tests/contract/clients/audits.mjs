// The public audit of GraphQL over HTTP, run against a live server; prints each finding as JSON.
import { auditServer } from "graphql-http";

const { url, token } = JSON.parse(process.argv[2]);
const results = await auditServer({
  url,
  fetchFn: (input, init = {}) =>
    fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } }),
});
const findings = results.map(({ name, status, reason }) => ({ name, status, reason }));
console.log(JSON.stringify(findings));
