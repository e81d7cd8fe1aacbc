// graphql-ws 6: a query, a live subscription and a mutation that feeds it on one connection, an error, a refused caller.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const { url, token, query, subscription, watched, mutation, change, invalid } = JSON.parse(process.argv[2]);
const connect = (bearer) =>
  createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${bearer}` },
    retryAttempts: 0,
    lazy: true,
    keepAlive: 1000,
  });
const collect = (client, text, variables, onNext = () => {}) =>
  new Promise((resolve) => {
    const received = [];
    const stop = client.subscribe(
      { query: text, variables },
      {
        next: (result) => {
          received.push(result);
          onNext(received.length, () => stop());
        },
        error: (error) => resolve({ received, error: Array.isArray(error) ? error : { code: error.code } }),
        complete: () => resolve({ received, error: null }),
      },
    );
  });

const client = connect(token);
const [live, answered, refused] = await Promise.all([
  collect(client, subscription, watched, (count, stop) => {
    if (count === 1) collect(client, mutation, change);
    else stop();
  }),
  collect(client, query),
  collect(client, invalid),
]);
await client.dispose();
const stranger = connect("prc_0000000000_nobody");
const turnedAway = await collect(stranger, query);
await stranger.dispose();
console.log(JSON.stringify({ live, answered, refused, turnedAway }));
