"""The read side: a Strawberry schema whose fields say where they come from, and the planner that turns one GraphQL
operation into one SQL statement that returns the finished JSON.

What is declared: `types` (one module for each subject; descriptions, sources, scopes) in the words of `sources`, with
long SQL in `sql`; `scalars`, `tables`; `schema` and `catalogue` gather it.

The way of an operation, which `engine` leads it:

1. from text to plan, kept by `documents`: `limits`, `validation`, `literals`, `cost`; then `planner` with `selections`,
   `arguments`, `probes` (which variables shape the plan), `grants` (scopes), `rows` (templates to SQL), `lists`,
   `pages`, `deferred` (what another statement reads), `rendering` (JSON in SQL), to a `plan`;
2. from the request's `variables` to the statement's `parameters`;
3. to the database: `question`, `dispatch` (batches), `connection`;
4. to the answer: `reads_without_task` where nothing more is needed, else `reads` with `splicing`, `live` (scores made
   anew) and `lookback` (`asOf`, `knownAt`); `finish`, `errors`; `trail` (who read whose personal data).

Mutations are `mutations` and `writes`, subscriptions `subscriptions` and `changes`. The HTTP edge knows
`request` alone, and how `errors` are written.
"""
