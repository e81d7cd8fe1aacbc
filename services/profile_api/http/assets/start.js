// Starts GraphiQL against the server that serves this page. The bearer token comes from the page's fragment
// (/graphql#token=…), which browsers never send, or from the Headers tab; it is forgotten when the tab closes.
"use strict";

const fragment = new URLSearchParams(location.hash.slice(1));
if (fragment.has("token")) {
  sessionStorage.setItem("parcours-token", fragment.get("token"));
  history.replaceState(null, "", location.pathname);
}
const token = sessionStorage.getItem("parcours-token");

async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const events = text.split("\n\n");
    text = events.pop();
    for (const event of events) {
      if (event.startsWith("event: complete")) return;
      const data = event.split("\n").find((line) => line.startsWith("data: "));
      if (data) yield JSON.parse(data.slice(6));
    }
  }
}

async function fetcher(parameters, options) {
  const subscribes = /^\s*subscription\b/m.test(parameters.query);
  const response = await fetch("/graphql", {
    method: "POST",
    headers: {
      accept: subscribes ? "text/event-stream" : "application/graphql-response+json",
      "content-type": "application/json",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(options && options.headers),
    },
    body: JSON.stringify(parameters),
  });
  const streams = (response.headers.get("content-type") || "").startsWith("text/event-stream");
  return streams ? eventsOf(response) : response.json();
}

const defaultQuery = `# Ctrl-Space completes, Ctrl-Enter runs it.
# Every request needs a token: open /graphql#token=…
# or write {"Authorization": "Bearer …"} in Headers below.
query Newest {
  customers(first: 5) {
    edges { node { id lifecycle { stage since } } }
  }
}
`;

ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, { fetcher, defaultQuery, shouldPersistHeaders: false }),
);
