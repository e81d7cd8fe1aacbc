// urql 6: a query, a persisted query, and a subscription over server-sent events.
import { Client, fetchExchange, gql } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";

const { url, token, query, subscription, events } = JSON.parse(process.argv[2]);
const options = { url, fetchOptions: { headers: { authorization: `Bearer ${token}` } }, preferGetMethod: false };
const plain = new Client({ ...options, exchanges: [fetchExchange], fetchSubscriptions: true });
const persisted = new Client({ ...options, exchanges: [persistedExchange({}), fetchExchange] });

const once = await plain.query(gql(query), {}).toPromise();
const first = await persisted.query(gql(query), {}).toPromise();
const again = await persisted.query(gql(query), {}, { requestPolicy: "network-only" }).toPromise();
const received = [];
await new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error("no events")), 10_000);
  const { unsubscribe } = plain.subscription(gql(subscription), {}).subscribe((result) => {
    received.push(result.error ? String(result.error) : result.data);
    if (received.length === events) {
      clearTimeout(timer);
      setTimeout(() => resolve(unsubscribe()), 0);
    }
  });
});
const errors = [once, first, again].map((result) => (result.error ? String(result.error) : null));
console.log(JSON.stringify({ plain: once.data, first: first.data, again: again.data, errors, received }));
