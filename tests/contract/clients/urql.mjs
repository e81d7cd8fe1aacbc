// urql 6: a query, a persisted query, and a live subscription over server-sent events with the mutation that feeds it.
import { Client, fetchExchange, gql } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";

const { url, token, query, subscription, watched, mutation, change } = JSON.parse(process.argv[2]);
const options = { url, fetchOptions: { headers: { authorization: `Bearer ${token}` } }, preferGetMethod: false };
const plain = new Client({ ...options, exchanges: [fetchExchange], fetchSubscriptions: true });
const persisted = new Client({ ...options, exchanges: [persistedExchange({}), fetchExchange] });

const once = await plain.query(gql(query), {}).toPromise();
const first = await persisted.query(gql(query), {}).toPromise();
const again = await persisted.query(gql(query), {}, { requestPolicy: "network-only" }).toPromise();
const live = await new Promise((resolve, reject) => {
  const received = [];
  const timer = setTimeout(() => reject(new Error("no events")), 10_000);
  const { unsubscribe } = plain.subscription(gql(subscription), watched).subscribe((result) => {
    received.push(result.error ? String(result.error) : result.data);
    if (received.length === 1) plain.mutation(gql(mutation), change).toPromise();
    if (received.length !== 2) return;
    clearTimeout(timer);
    setTimeout(() => unsubscribe(), 0);
    resolve(received);
  });
});
const errors = [once, first, again].map((result) => (result.error ? String(result.error) : null));
console.log(JSON.stringify({ plain: once.data, first: first.data, again: again.data, errors, live }));
