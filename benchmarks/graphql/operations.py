"""The three operations every server is asked, and how the customers asked for are drawn."""

CARD = """
query Card($id: ID!) {
  customer(id: $id) {
    id displayName city
    identities { type value linkedAt }
    lifecycle { stage since daysInStage alertAt lostAt basis
      history(first: 3) { edges { node { toStage effectiveAt } } } }
    metrics { orderCount frequency netRevenue { amount currency } averageBasket { amount } lastOrderAt
      daysSinceLastOrder medianGapDays categories }
    preferences { channel { value share } store { value share } category { value share } }
    channelProfile { mix recruitmentPath }
    consents { purpose channel status }
    timeline(first: 10) { edges { node { id type name channel occurredAt } } pageInfo { hasNextPage endCursor } }
    orders(first: 5) { edges { node { id number orderedAt channel total { amount currency }
      lines { productId category quantity amount { amount } } } } }
    purchaseJourneys(first: 3) { edges { node { startedAt endedAt channels touchCount omnichannel } } }
    predictions {
      churn { probability band horizonDays drivers(first: 3) { feature contribution text }
        provenance { model version asOf } }
      nextPurchase { expectedOn earliestOn latestOn probabilityWithin(days: 30) }
      value { historic { amount } predicted { amount } total { amount } expectedLoss { amount } }
    }
  }
}"""

LIST = """
query List($after: String) {
  customers(first: 50, after: $after) {
    edges { node {
      id displayName
      lifecycle { stage since }
      predictions { churn { probability band } value { predicted { amount currency } } }
      orders(first: 5) { edges { node { number orderedAt total { amount } } } }
    } }
    pageInfo { hasNextPage endCursor }
  }
}"""

TINY = "query Tiny($id: ID!) { customer(id: $id) { id displayName lifecycle { stage } } }"

OPERATIONS = {"card": CARD, "list": LIST, "tiny": TINY}


def variables(operation: str, number: int, customers: int) -> dict[str, str]:
    """The variables of the n-th request: another customer each time, the same for every server."""
    chosen = 1 + (number * 7919) % customers
    return {"after": f"c_{chosen}"} if operation == "list" else {"id": f"cus_{chosen}"}
