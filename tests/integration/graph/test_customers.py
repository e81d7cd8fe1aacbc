"""Lists and searches of customers."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.graph.conftest import Ask, caller
from tests.integration.graph.world import NOW

pytestmark = pytest.mark.anyio
LIST = """
query ($first: Int, $after: String, $last: Int, $before: String, $filter: CustomerFilter, $orderBy: CustomerOrder) {
  customers(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""


def ids(response: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in response["data"]["customers"]["edges"]]


async def test_absorbed_records_are_not_listed(ask: Ask) -> None:
    response = await ask(LIST)
    assert ids(response) == ["cus_105", "cus_104", "cus_103", "cus_101"]
    assert response["data"]["customers"]["totalCount"] == 4


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"stages": ["NEW"]}, ["cus_103"]),
        ({"stages": ["PROSPECT"]}, ["cus_105"]),
        ({"churnProbability": {"min": 0.5}}, ["cus_103"]),
        ({"churnProbability": {"min": 0.1, "max": 0.5}}, ["cus_101"]),
        ({"predictedValue": {"min": "120.50"}}, ["cus_103", "cus_101"]),
        ({"predictedValue": {"min": "120.51"}}, []),
        ({"netRevenue": {"max": "99.99"}}, ["cus_103"]),
        ({"netRevenue": {"min": "99999999999999999999999999"}}, []),
        ({"orderCount": {"min": 2}}, ["cus_101"]),
        ({"lastOrderAt": {"from": "2026-02-10T00:00:00Z"}}, ["cus_103"]),
        ({"lastOrderAt": {"to": "2026-02-10T00:00:00Z"}}, ["cus_101"]),
        ({"acquisitionChannels": ["APP"]}, ["cus_103"]),
        ({"preferredChannels": ["WEB", "STORE"]}, ["cus_101"]),
        ({"stages": ["NEW"], "orderCount": {"max": 0}}, []),
        ({}, ["cus_105", "cus_104", "cus_103", "cus_101"]),
    ],
)
async def test_every_condition_given_must_hold(ask: Ask, condition: dict[str, Any], expected: list[str]) -> None:
    response = await ask(LIST, filter=condition)
    assert ids(response) == expected
    assert response["data"]["customers"]["totalCount"] == len(expected)


@pytest.mark.parametrize(
    ("field", "descending"),
    [
        ("LAST_ORDER", ["cus_103", "cus_101"]),
        ("NET_REVENUE", ["cus_101", "cus_103"]),
        ("CHURN_PROBABILITY", ["cus_103", "cus_101"]),
        ("PREDICTED_VALUE", ["cus_103", "cus_101"]),
        ("CREATED", ["cus_105", "cus_104", "cus_103", "cus_101"]),
    ],
)
async def test_orderings_page_in_both_directions(ask: Ask, field: str, descending: list[str]) -> None:
    for direction, expected in (("DESC", descending), ("ASC", descending[::-1])):
        order = {"field": field, "direction": direction}
        assert ids(await ask(LIST, orderBy=order)) == expected
        seen: list[str] = []
        cursor = None
        while len(seen) < len(expected):
            page = await ask(LIST, orderBy=order, first=1, after=cursor)
            seen += ids(page)
            cursor = page["data"]["customers"]["pageInfo"]["endCursor"]
        assert seen == expected
        assert not page["data"]["customers"]["pageInfo"]["hasNextPage"]
        backward = await ask(LIST, orderBy=order, last=1, before=cursor)
        assert ids(backward) == [expected[-2]]
        assert backward["data"]["customers"]["pageInfo"]["hasNextPage"]


async def test_a_cursor_of_another_ordering_is_refused(ask: Ask) -> None:
    page = await ask(LIST, orderBy={"field": "NET_REVENUE"}, first=1)
    cursor = page["data"]["customers"]["pageInfo"]["endCursor"]
    response = await ask(LIST, orderBy={"field": "LAST_ORDER"}, first=1, after=cursor)
    assert response["errors"][0]["extensions"]["code"] == "BAD_CURSOR"


@pytest.mark.parametrize(
    ("text", "expected", "matched_on"),
    [
        ("ana o'neil", "cus_101", "NAME"),
        ("Anna ONeil", "cus_101", "NAME"),
        ("oniel", "cus_101", "NAME"),
        ("one", "cus_101", "NAME"),
        ("zoe lefevre", "cus_105", "NAME"),
        ("LEFÈVRE", "cus_105", "NAME"),
        ("lefevrre zo", "cus_105", "NAME"),
        ("ANA@shop.fr", "cus_101", "EMAIL"),
        ("+33 6 12 34 56 78", "cus_101", "PHONE"),
        ("9001", "cus_101", "LOYALTY_CARD"),
        ("T1-13", "cus_103", "ORDER_ID"),
    ],
)
async def test_what_an_agent_types_finds_the_customer(ask: Ask, text: str, expected: str, matched_on: str) -> None:
    response = await ask(
        "query ($text: String!) { searchCustomers(text: $text) { matchedOn score customer { id displayName metrics"
        " { orderCount } } } }",
        text=text,
    )
    hits = response["data"]["searchCustomers"]
    assert [(hit["customer"]["id"], hit["matchedOn"]) for hit in hits] == [(expected, matched_on)]


@pytest.mark.parametrize("text", ["", "   ", "xyzzy", "%", "'; drop table customer; --", "o" * 5000])
async def test_a_search_that_means_nobody_finds_nobody(ask: Ask, text: str) -> None:
    response = await ask("query ($text: String!) { searchCustomers(text: $text) { score } }", text=text)
    assert response == {"data": {"searchCustomers": []}}


async def test_the_other_tenant_finds_only_its_own(ask: Ask) -> None:
    response = await ask(
        '{ searchCustomers(text: "oneil") { customer { id } } customers { totalCount } }', by=caller(2)
    )
    assert response["data"] == {"searchCustomers": [{"customer": {"id": "cus_201"}}], "customers": {"totalCount": 4}}


async def test_the_models_behind_the_stored_predictions_are_listed(ask: Ask) -> None:
    response = await ask("{ models { kind name version basis modelSet featureSet } }")
    assert {(model["kind"], model["version"], model["modelSet"]) for model in response["data"]["models"]} == {
        ("CHURN", "7", "m1"),
        ("NEXT_PURCHASE", "7", "m1"),
        ("VALUE", "7", "m1"),
    }


async def test_a_model_tells_what_it_promised_who_put_it_in_charge_and_how_it_does(ask: Ask) -> None:
    response = await ask(
        """{ models { kind inCharge measures { name value low high baseline }
          training { trainedUntil horizonDays dataHash codeVersion seed runId card }
          promotions { action forced decidedBy replacedModelSet versions checks { check passed reason } }
          observations { status judgedCustomers measures { name } findings } } }"""
    )
    churn, *_ = sorted(response["data"]["models"], key=lambda model: model["kind"])
    assert churn["inCharge"]
    assert churn["measures"] == [{"name": "churn_auc", "value": 0.81, "low": 0.79, "high": 0.83, "baseline": 0.78}]
    assert churn["training"] == {
        "trainedUntil": (NOW - timedelta(days=10)).isoformat(), "horizonDays": 90, "dataHash": "d1",
        "codeVersion": "0.1.0+abc", "seed": "7", "runId": "run-1", "card": "# Card",
    }  # fmt: skip
    assert [(one["action"], one["forced"], one["decidedBy"]) for one in churn["promotions"]] == [
        ("PROMOTION", True, "ines-1"),
        ("REFUSAL", False, "ines-1"),
    ]
    assert churn["promotions"][0]["checks"] == [
        {"check": "calibration", "passed": False, "reason": "ECE .06, at most .05"}
    ]
    [observation] = churn["observations"]
    assert (observation["status"], observation["judgedCustomers"]) == ("DRIFTED", 321)
    assert observation["findings"][0]["sentence"] == "baskets shrank"
    coverage = next(model for model in response["data"]["models"] if model["kind"] == "NEXT_PURCHASE")["measures"]
    assert [(one["name"], one["baseline"]) for one in coverage] == [("next_coverage", None)]


async def test_the_promotion_log_is_each_tenants_own(ask: Ask) -> None:
    response = await ask("{ modelPromotions(first: 1) { decidedAt action alias modelSet decidedBy } }", by=caller(2))
    assert response["data"]["modelPromotions"] == [
        {
            "decidedAt": (NOW - timedelta(days=8)).isoformat(), "action": "PROMOTION", "alias": "champion",
            "modelSet": "m1", "decidedBy": "ines-2",
        }
    ]  # fmt: skip


async def test_page_information_alone_is_one_answer(ask: Ask) -> None:
    response = await ask("{ customers(first: 2) { pageInfo { hasPreviousPage __typename } } }")
    assert response["data"]["customers"] == {"pageInfo": {"hasPreviousPage": False, "__typename": "PageInfo"}}
