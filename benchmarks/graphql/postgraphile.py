"""PostGraphile 5 as a peer: how it is installed and started, and the benchmark operations in its own words.

It runs on node 22 in production mode with persistent connections, its stock Amber preset, and the foreign keys our
tables leave out declared by smart comments. It reads the same rows; its answers are compared by what they say.
"""

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

_PACKAGE = {
    "name": "bench-postgraphile",
    "private": True,
    "type": "module",
    "dependencies": {"postgraphile": "5.1.5", "node": "22"},
}
_SERVER = """
import { createServer } from "node:http";
import { grafserv } from "postgraphile/grafserv/node";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";
const { PGSOCKET, PGDATABASE_NAME, PORT } = process.env;
const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({
    poolConfig: { host: PGSOCKET, user: "postgres", database: PGDATABASE_NAME, max: 4 }, schemas: ["public"],
  })],
  grafserv: { graphqlPath: "/graphql", watch: false, graphiql: false },
  grafast: { explain: false },
};
const serv = postgraphile(preset).createServ(grafserv);
const server = createServer();
await serv.addTo(server);
server.listen(Number(PORT), "127.0.0.1");
"""
_BY_CUSTOMER = "event customer_order lifecycle_transition lifecycle_clock purchase_journey customer_metrics"
_BY_CUSTOMER += " latest_prediction consent"

_CARD = """
query Card($id: BigInt!) { customerByRowId(rowId: $id) {
  rowId givenName familyName city
  identitiesByCustomerId { nodes { type value linkedAt } }
  lifecycleTransitionsByCustomerId(first: 3, orderBy: EFFECTIVE_AT_DESC) { nodes { toStage effectiveAt } }
  lifecycleClocksByCustomerId(first: 1, orderBy: EFFECTIVE_AT_DESC) { nodes { alertAt lostAt basis } }
  customerMetricByCustomerId { orderCount netRevenueMinor averageBasketMinor lastOrderAt medianGapDays categories
    preferences channelProfile }
  consentsByCustomerId { nodes { purpose channel status } }
  eventsByCustomerId(first: 10, orderBy: [OCCURRED_AT_DESC, ROW_ID_DESC]) {
    nodes { rowId type name channel occurredAt } pageInfo { hasNextPage endCursor } }
  customerOrdersByCustomerId(first: 5, orderBy: [ORDERED_AT_DESC, ROW_ID_DESC]) { nodes {
    rowId orderKey orderedAt channel totalMinor currency
    orderLinesByOrderId { nodes { productId category quantity amountMinor } } } }
  purchaseJourneysByCustomerId(first: 3, orderBy: STARTED_AT_DESC) {
    nodes { startedAt endedAt channels touchCount omnichannel } }
  latestPredictionByCustomerId { asOf answer }
} }"""
_LIST = """
query List($after: Cursor) { allCustomers(first: 50, after: $after, orderBy: ROW_ID_DESC) {
  nodes {
    rowId givenName familyName
    lifecycleTransitionsByCustomerId(first: 1, orderBy: EFFECTIVE_AT_DESC) { nodes { toStage effectiveAt } }
    latestPredictionByCustomerId { churnProbability predictedValueMinor }
    customerOrdersByCustomerId(first: 5, orderBy: [ORDERED_AT_DESC, ROW_ID_DESC]) {
      nodes { orderKey orderedAt totalMinor } }
  }
  pageInfo { hasNextPage endCursor }
} }"""
_TINY = """
query Tiny($id: BigInt!) { customerByRowId(rowId: $id) { rowId givenName familyName
  lifecycleTransitionsByCustomerId(first: 1, orderBy: EFFECTIVE_AT_DESC) { nodes { toStage } } } }"""
QUERIES = {"card": _CARD, "list": _LIST, "tiny": _TINY}


def install(home: Path) -> Path:
    """The folder PostGraphile is installed in; needs the npm registry the first time."""
    folder = home / "postgraphile"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "server.mjs").write_text(_SERVER)
    if not (folder / "node_modules" / "postgraphile").exists():
        (folder / "package.json").write_text(json.dumps(_PACKAGE))
        subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=600)
    return folder


def command(home: Path, url: str, port: int) -> list[str]:
    """The command that serves a database, which is told of the foreign keys it lacks."""
    folder = install(home)
    with psycopg.connect(url) as connection:
        for table in _BY_CUSTOMER.split():
            connection.execute(
                f"comment on table {table} is E'@foreignKey (customer_id) references customer (id)'".encode()
            )
        connection.execute("comment on table order_line is E'@foreignKey (order_id) references customer_order (id)'")
        database = connection.info.dbname
    return [
        *("env", "NODE_ENV=production", f"PGSOCKET={home / 'postgres'}", f"PGDATABASE_NAME={database}", f"PORT={port}"),
        *(os.fspath(folder / "node_modules" / ".bin" / "node"), os.fspath(folder / "server.mjs")),
    ]


def variables(given: dict[str, str], digest: str | None) -> dict[str, str]:
    """Our variables in its words; `digest` is how its cursors name their ordering."""
    number = str(next(iter(given.values()))).rpartition("_")[2]
    if "id" in given:
        return {"id": number}
    return {"after": base64.b64encode(json.dumps([digest, number], separators=(",", ":")).encode()).decode()}


def cursor_digest(ask: Callable[[str, dict[str, Any]], dict[str, Any]]) -> str:
    """How its cursors name the ordering of the list."""
    answer = ask(_LIST, {"after": None})
    cursor = answer["data"]["allCustomers"]["pageInfo"]["endCursor"]
    return str(json.loads(base64.b64decode(cursor))[0])


def compare(operation: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Asserts that both say the same of the same customers."""
    if operation == "list":
        mine = [edge["node"] for edge in ours["customers"]["edges"]]
        other = theirs["allCustomers"]["nodes"]
        assert len(mine) == len(other)
        for one, two in zip(mine, other, strict=True):
            _same_customer(one, two)
            assert [edge["node"]["number"] for edge in one["orders"]["edges"]] == [
                order["orderKey"] for order in two["customerOrdersByCustomerId"]["nodes"]
            ]
            known = two["latestPredictionByCustomerId"]
            assert one["predictions"]["churn"]["probability"] == known["churnProbability"]
        return
    one, two = ours["customer"], theirs["customerByRowId"]
    _same_customer(one, two)
    if operation == "card":
        assert [edge["node"]["id"].rpartition("_")[2] for edge in one["timeline"]["edges"]] == [
            event["rowId"] for event in two["eventsByCustomerId"]["nodes"]
        ]
        assert (
            one["predictions"]["churn"]["probability"]
            == (two["latestPredictionByCustomerId"]["answer"]["churn"]["probability"])
        )
        assert len(one["orders"]["edges"]) == len(two["customerOrdersByCustomerId"]["nodes"])
        assert len(one["purchaseJourneys"]["edges"]) == len(two["purchaseJourneysByCustomerId"]["nodes"])


def _same_customer(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert one["id"] == f"cus_{two['rowId']}"
    assert one["displayName"] == f"{two['givenName']} {two['familyName']}"
    assert one["lifecycle"]["stage"] == two["lifecycleTransitionsByCustomerId"]["nodes"][0]["toStage"]
