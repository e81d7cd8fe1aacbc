// graphql-sse 2, distinct connections: a subscription, a query, and an error.
import { createClient } from "graphql-sse";

const { url, token, query, subscription, invalid } = JSON.parse(process.argv[2]);
const client = createClient({ url, headers: { authorization: `Bearer ${token}` }, retryAttempts: 0 });
const collect = (text) =>
  new Promise((resolve) => {
    const received = [];
    client.subscribe(
      { query: text },
      {
        next: (result) => received.push(result),
        error: (error) => resolve({ received, error: String(error) }),
        complete: () => resolve({ received, error: null }),
      },
    );
  });

const streamed = await collect(subscription);
const answered = await collect(query);
const refused = await collect(invalid);
client.dispose();
console.log(JSON.stringify({ streamed, answered, refused }));
