// Apollo Client 4: a query, an automatic persisted query over GET, and a typed error.
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { createHash } from "node:crypto";

const { url, token, query, invalid } = JSON.parse(process.argv[2]);
const seen = [];
const http = new HttpLink({
  uri: url,
  headers: { authorization: `Bearer ${token}` },
  fetch: async (input, init) => {
    const response = await fetch(input, init);
    seen.push({ method: init.method, status: response.status, type: response.headers.get("content-type") });
    return response;
  },
});
const persisted = new PersistedQueryLink({
  sha256: (text) => createHash("sha256").update(text).digest("hex"),
  useGETForHashedQueries: true,
});
const client = (link) =>
  new ApolloClient({ link, cache: new InMemoryCache(), defaultOptions: { query: { fetchPolicy: "no-cache" } } });

const plain = await client(http).query({ query: gql(query) });
const first = await client(persisted.concat(http)).query({ query: gql(query) });
const again = await client(persisted.concat(http)).query({ query: gql(query) });
let code = null;
try {
  await client(http).query({ query: gql(invalid) });
} catch (error) {
  code = CombinedGraphQLErrors.is(error) ? error.errors[0].extensions.code : String(error);
}
console.log(JSON.stringify({ plain: plain.data, first: first.data, again: again.data, code, seen }));
