"""What the API says of one customer equals an obvious recomputation from the facts."""

from datetime import timedelta
from typing import Any

import pytest

from profile_api.graph.request import Scope
from tests.integration.graph.conftest import Ask, caller
from tests.integration.graph.world import NOW, orders_of

pytestmark = pytest.mark.anyio
ANA = "cus_101"


async def customer(ask: Ask, selection: str, arguments: str = f'id: "{ANA}"') -> dict[str, Any]:
    response = await ask(f"{{ customer({arguments}) {{ {selection} }} }}")
    assert "errors" not in response, response
    found: dict[str, Any] = response["data"]["customer"]
    return found


def test_the_world_has_orders_on_both_of_anas_records() -> None:
    assert {leaf for leaf, *_ in orders_of(100)} == {101, 102, 103}


async def test_orders_of_all_records_come_newest_first_and_page_both_ways(ask: Ask) -> None:
    expected = [round(minor / 100, 2) for leaf, _, minor, _ in orders_of(100) if leaf in (101, 102)]
    page = "edges { cursor node { total { amount } } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    first = (await customer(ask, f"orders(first: 5) {{ {page} totalCount }}"))["orders"]
    assert first["totalCount"] == 12
    assert first["pageInfo"]["hasNextPage"]
    assert not first["pageInfo"]["hasPreviousPage"]
    second = (await customer(ask, f'orders(first: 7, after: "{first["pageInfo"]["endCursor"]}") {{ {page} }}'))[
        "orders"
    ]
    amounts = [float(edge["node"]["total"]["amount"]) for edge in first["edges"] + second["edges"]]
    assert amounts == expected
    assert not second["pageInfo"]["hasNextPage"]
    assert second["pageInfo"]["hasPreviousPage"]
    back = (await customer(ask, f'orders(last: 3, before: "{second["pageInfo"]["startCursor"]}") {{ {page} }}'))[
        "orders"
    ]
    assert [edge["node"] for edge in back["edges"]] == [edge["node"] for edge in first["edges"][-3:]]
    assert back["pageInfo"]["hasPreviousPage"]
    assert back["pageInfo"]["hasNextPage"]


async def test_metrics_equal_a_recomputation(ask: Ask) -> None:
    mine = [(days, minor) for leaf, days, minor, _ in orders_of(100) if leaf in (101, 102)]
    metrics = (
        await customer(
            ask,
            "metrics { orderCount frequency netRevenue { amount currency } daysSinceLastOrder tenureDays medianGapDays"
            " activeMonths categories returnRate }",
        )
    )["metrics"]
    assert metrics["orderCount"] == len(mine)
    assert metrics["frequency"] == sum(days < 365 for days, _ in mine)
    assert metrics["netRevenue"] == {"amount": f"{sum(minor for _, minor in mine) / 100:.2f}", "currency": "EUR"}
    assert metrics["daysSinceLastOrder"] == min(days for days, _ in mine)
    assert metrics["tenureDays"] == max(days for days, _ in mine)
    assert metrics["medianGapDays"] == 30
    assert metrics["categories"] == ["Garden", "Tools"]
    assert metrics["returnRate"] == 0


async def test_a_journey_looked_at_half_way_is_open_and_knows_nothing_of_its_end(ask: Ask) -> None:
    selection = (
        "purchaseJourneys { edges { node { startedAt endedAt open order { number } touchCount channels lastChannel"
        " touchpoints(first: 50) { edges { node { occurredAt channel } } } } } }"
    )
    whole = [edge["node"] for edge in (await customer(ask, selection))["purchaseJourneys"]["edges"]]
    journey = next(node for node in whole if node["order"] is not None and node["touchCount"] > 1)
    touches = [edge["node"] for edge in journey["touchpoints"]["edges"]]
    half_way = touches[-1]["occurredAt"]
    looked_at = f'id: "{ANA}", asOf: "{half_way}"'
    then = [edge["node"] for edge in (await customer(ask, selection, looked_at))["purchaseJourneys"]["edges"]]
    begun = [node for node in whole if node["startedAt"] < half_way]
    assert [node["startedAt"] for node in then] == [node["startedAt"] for node in begun]
    known = [touch for touch in touches if touch["occurredAt"] < half_way]
    seen = then[begun.index(journey)]
    assert seen["open"]
    assert seen["order"] is None
    assert [edge["node"] for edge in seen["touchpoints"]["edges"]] == known
    assert seen["touchCount"] == len(known)
    assert seen["endedAt"] == known[-1]["occurredAt"]
    assert seen["channels"] == list(dict.fromkeys(touch["channel"] for touch in known))
    assert seen["lastChannel"] == known[-1]["channel"]
    finished = [node for node in begun if node["endedAt"] < half_way]
    assert all(node in then for node in finished)


async def test_as_of_sees_only_what_was_before(ask: Ask) -> None:
    as_of = NOW - timedelta(days=100)
    before = [(days, minor) for leaf, days, minor, _ in orders_of(100) if leaf in (101, 102) and days > 100]
    found = await customer(
        ask,
        "metrics { orderCount netRevenue { amount } daysSinceLastOrder medianGapDays } orders { totalCount }"
        " timeline { edges { node { occurredAt } } } lifecycle { stage since daysInStage }"
        " predictions { churn { probability } unavailable { code } } preferences { payment { value n } }",
        f'id: "{ANA}", asOf: "{as_of.isoformat()}"',
    )
    assert found["metrics"]["orderCount"] == len(before) == found["orders"]["totalCount"]
    assert found["metrics"]["netRevenue"]["amount"] == f"{sum(minor for _, minor in before) / 100:.2f}"
    assert found["metrics"]["daysSinceLastOrder"] == min(days for days, _ in before) - 100
    assert found["preferences"]["payment"] == {"value": "card", "n": len(before)}
    assert all(edge["node"]["occurredAt"] < as_of.isoformat() for edge in found["timeline"]["edges"])
    assert found["predictions"]["churn"] is None
    assert {reason["code"] for reason in found["predictions"]["unavailable"]} == {"NOT_SCORED_YET"}


async def test_metrics_as_of_now_equal_the_stored_ones(ask: Ask) -> None:
    selection = (
        "metrics { orderCount frequency netRevenue { amount }"
        " averageBasket { amount } p90Basket { amount } firstOrderAt lastOrderAt"
        " medianGapDays p75GapDays daysToSecondPurchase returnRate activeMonths activityRatio categories }"
        " preferences { channel { value share n } store { value share n } category { value } payment { value } }"
        " channelProfile { mix recruitmentPath channels { channel firstUsedAt lastUsedAt orderCount } }"
        " acquisition { at orderId channel firstCategory trigger { kind } }"
    )
    stored = await customer(ask, selection)
    assert await customer(ask, selection, f'id: "{ANA}", asOf: "{NOW.isoformat()}"') == stored
    assert stored["channelProfile"]["mix"] == "MULTI"
    assert stored["acquisition"]["channel"] == "WEB"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("EMAIL", " ANA@shop.fr "),
        ("LOYALTY_CARD", "9001"),
        ("PHONE", "+33 6 12 34 56 78"),
        ("ORDER_ID", "T1-3"),
    ],
)
async def test_any_identifier_ever_linked_finds_the_person(ask: Ask, kind: str, value: str) -> None:
    response = await ask(
        "query ($identity: IdentityInput!) { customer(identity: $identity) { id } }",
        identity={"type": kind, "value": value},
    )
    assert response == {"data": {"customer": {"id": ANA}}}


async def test_an_absorbed_id_answers_as_the_survivor(ask: Ask) -> None:
    assert await customer(ask, "id displayName", 'id: "cus_102"') == {"id": ANA, "displayName": "Ana O'Neil-T1"}


async def test_the_timeline_tells_every_touchpoint_by_its_type(ask: Ask) -> None:
    found = await customer(
        ask,
        "timeline(first: 100) { totalCount edges { node { id __typename type name channel"
        " ... on OrderTouchpoint { order { number lines { productId quantity amount { amount } } } }"
        " ... on CartTouchpoint { cartId productId } ... on FeedbackTouchpoint { kind score comment }"
        " ... on ServiceTouchpoint { ticketId subject } ... on DeliveryTouchpoint { late order { id } } } } }",
    )
    nodes = [edge["node"] for edge in found["timeline"]["edges"]]
    assert found["timeline"]["totalCount"] == len(nodes) == 22
    for node in nodes:
        assert node["__typename"] == f"{node['type'].title()}Touchpoint"
    by_name = {node["name"]: node for node in nodes}
    assert by_name["Product Added"]["productId"] == "P-9"
    assert by_name["Delivery Completed"]["late"] is True
    assert by_name["Order Completed"]["order"]["lines"][0]["quantity"] == "1.5"
    assert by_name["Survey Answered"]["score"] in (6, 8)


async def test_the_timeline_can_be_filtered(ask: Ask) -> None:
    found = await customer(
        ask,
        'timeline(types: [ORDER, BROWSE], channels: [WEB], from: "2026-01-01T00:00:00Z")'
        " { edges { node { name channel } } }",
    )
    assert {(edge["node"]["name"], edge["node"]["channel"]) for edge in found["timeline"]["edges"]} == {
        ("Order Completed", "WEB"),
        ("Product Viewed", "WEB"),
    }


async def test_service_and_satisfaction_tell_what_is_open_and_latest(ask: Ask) -> None:
    found = await customer(
        ask,
        "satisfaction { nps { score } ces { score } } service { openTickets { id subject }"
        " lastContact { name ticketId } contactCount90d } consents { purpose channel status granted }",
    )
    assert found["satisfaction"] == {"nps": {"score": 8}, "ces": None}
    assert found["service"]["openTickets"] == [{"id": "S1", "subject": "broken"}]
    assert found["service"]["lastContact"] == {"name": "Ticket Closed", "ticketId": "S2"}
    assert found["service"]["contactCount90d"] == 3
    assert found["consents"] == [
        {"purpose": "MARKETING", "channel": "EMAIL", "status": "WITHDRAWN", "granted": False},
        {"purpose": "profiling", "channel": None, "status": "GRANTED", "granted": True},
    ]


async def test_predictions_carry_dates_money_drivers_and_provenance(ask: Ask) -> None:
    found = await customer(
        ask,
        "predictions { churn { probability band drivers(first: 1) { feature value contribution text(locale: FR) }"
        " provenance { model version basis modelSet } } nextPurchase { expectedOn earliestOn latestOn"
        " in5: probabilityWithin(days: 5) in45: probabilityWithin(days: 45) in400: probabilityWithin(days: 400) }"
        " value { historic { amount } predicted { amount currency } total { amount } expectedLoss { amount } }"
        " loyaltyPotential { probability } unavailable { kind code } notFresh { code } }",
    )
    predictions = found["predictions"]
    assert predictions["churn"]["probability"] == 0.42
    assert predictions["churn"]["drivers"] == [
        {
            "feature": "days_since_last_order",
            "value": 12,
            "contribution": 0.31,
            "text": "a commandé il y a 12 jours",
        }
    ]
    assert predictions["churn"]["provenance"] == {"model": "churn", "version": "7", "basis": "MODEL", "modelSet": "m1"}
    upcoming = predictions["nextPurchase"]
    assert (upcoming["earliestOn"], upcoming["expectedOn"]) == ("2026-03-04", "2026-03-21")
    assert (upcoming["in5"], upcoming["in400"]) == (0.1, 0.9)
    assert upcoming["in45"] == pytest.approx(0.7)
    assert predictions["value"]["predicted"] == {"amount": "120.50", "currency": "EUR"}
    assert predictions["value"]["expectedLoss"]["amount"] == "50.61"
    assert predictions["loyaltyPotential"] is None
    assert predictions["unavailable"] == [{"kind": "LOYALTY_POTENTIAL", "code": "NOT_A_FIRST_TIME_BUYER"}]


async def test_a_visitor_never_identified_has_no_stage_and_no_figures(ask: Ask) -> None:
    found = await customer(
        ask, "displayName lifecycle { stage } metrics { orderCount activityRatio } acquisition { at }", 'id: "cus_104"'
    )
    assert found == {
        "displayName": None,
        "lifecycle": None,
        "metrics": {"orderCount": 0, "activityRatio": None},
        "acquisition": None,
    }


async def test_null_for_an_argument_is_the_same_as_leaving_it_out(ask: Ask) -> None:
    said = "churn { drivers(first: %s) { text(locale: %s) } }"
    selection = f"predictions {{ {said} }} lifecycle(model: %s) {{ label(locale: %s) }}"
    assert await customer(ask, selection % ("null", "null", "null", "null")) == await customer(
        ask, selection % ("5", "EN", '"relationship"', "EN")
    )
    response = await ask(
        f'query ($n: Int, $l: Locale) {{ customer(id: "{ANA}") {{ {selection % ("$n", "$l", "null", "$l")} }} }}',
        n=None,
        l=None,
    )
    assert response["data"]["customer"] == await customer(ask, selection % ("5", "EN", "null", "EN"))


async def test_nodes_are_found_again_by_their_ids(ask: Ask) -> None:
    orders = await customer(
        ask, "orders(first: 1) { edges { node { id number } } } timeline(first: 1) { edges { node { id name } } }"
    )
    order = orders["orders"]["edges"][0]["node"]
    touch = orders["timeline"]["edges"][0]["node"]
    response = await ask(
        "query ($o: ID!, $t: ID!, $c: ID!) { o: node(id: $o) { id ... on Order { number } }"
        " t: node(id: $t) { id ... on Touchpoint { name } } c: node(id: $c) { __typename id }"
        ' none: node(id: "cus_999999") { id } }',
        o=order["id"],
        t=touch["id"],
        c=ANA,
    )
    assert response["data"] == {"o": order, "t": touch, "c": {"__typename": "Customer", "id": ANA}, "none": None}


async def test_masked_fields_come_back_null_with_their_reason(ask: Ask) -> None:
    front_end = caller(scopes=frozenset({Scope.PROFILE, Scope.JOURNEY}))
    response = await ask(f'{{ customer(id: "{ANA}") {{ id displayName city country }} }}', by=front_end)
    assert response["data"]["customer"] == {"id": ANA, "displayName": None, "city": None, "country": None}
    assert response["extensions"]["masked"] == [
        {"path": "customer.displayName", "scope": "PII", "code": "FORBIDDEN"},
        {"path": "customer.city", "scope": "PII", "code": "FORBIDDEN"},
    ]


async def test_a_masked_field_that_may_not_be_null_is_an_error_on_its_path(ask: Ask) -> None:
    front_end = caller(scopes=frozenset({Scope.PROFILE}))
    response = await ask(
        f'{{ customer(id: "{ANA}") {{ id orders {{ totalCount }} }} lifecyclePolicy {{ version }} }}', by=front_end
    )
    assert response["data"]["customer"] is None
    assert response["data"]["lifecyclePolicy"]["version"]
    [error] = response["errors"]
    assert error["path"] == ["customer", "orders"]
    assert error["extensions"]["code"] == "FORBIDDEN"
