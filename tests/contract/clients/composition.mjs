// Apollo's composition: our subgraph beside another one that extends Customer; prints errors and hints.
import { composeServices } from "@apollo/composition";
import { parse } from "graphql";

const { sdl, other } = JSON.parse(process.argv[2]);
const result = composeServices([
  { name: "parcours", typeDefs: parse(sdl), url: "" },
  { name: "orders", typeDefs: parse(other), url: "" },
]);
console.log(JSON.stringify({ errors: (result.errors ?? []).map(String), composed: Boolean(result.supergraphSdl) }));
