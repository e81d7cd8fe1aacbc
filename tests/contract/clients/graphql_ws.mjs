// graphql-ws 6: subscriptions and a query on one connection, an error, and a refused caller.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const { url, token, query, subscription, invalid } = JSON.parse(process.argv[2]);
const connect = (bearer) =>
  createClient({
    url,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${bearer}` },
    retryAttempts: 0,
    lazy: true,
    keepAlive: 1000,
  });
const collect = (client, text) =>
  new Promise((resolve) => {
    const received = [];
    client.subscribe(
      { query: text },
      {
        next: (result) => received.push(result),
        error: (error) => resolve({ received, error: Array.isArray(error) ? error : { code: error.code } }),
        complete: () => resolve({ received, error: null }),
      },
    );
  });

const client = connect(token);
const [streamed, answered, refused] = await Promise.all([
  collect(client, subscription),
  collect(client, query),
  collect(client, invalid),
]);
await client.dispose();
const stranger = connect("prc_0000000000_nobody");
const turnedAway = await collect(stranger, query);
await stranger.dispose();
console.log(JSON.stringify({ streamed, answered, refused, turnedAway }));
