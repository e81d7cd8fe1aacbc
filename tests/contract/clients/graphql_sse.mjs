// graphql-sse 2, distinct connections: a query, a live subscription and a mutation that feeds it, and an error.
import { createClient } from "graphql-sse";

const { url, token, query, subscription, watched, mutation, change, invalid } = JSON.parse(process.argv[2]);
const client = createClient({ url, headers: { authorization: `Bearer ${token}` }, retryAttempts: 0 });
const collect = (text, variables, onNext = () => {}) =>
  new Promise((resolve) => {
    const received = [];
    const stop = client.subscribe(
      { query: text, variables },
      {
        next: (result) => {
          received.push(result);
          onNext(received.length, () => stop());
        },
        error: (error) => resolve({ received, error: String(error) }),
        complete: () => resolve({ received, error: null }),
      },
    );
  });

const live = await collect(subscription, watched, (count, stop) => {
  if (count === 1) collect(mutation, change);
  else stop();
});
const answered = await collect(query);
const refused = await collect(invalid);
client.dispose();
console.log(JSON.stringify({ live, answered, refused }));
