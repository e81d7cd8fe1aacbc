"""The policy file is checked as a whole, and its version tells two policies apart."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from customer.lifecycle.policy import LifecyclePolicyError, default_policy, parse_policy, read_policy_document


def document(**changes: Any) -> dict[str, Any]:
    text = resources.files("customer.lifecycle").joinpath("policy_default.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return {**loaded, **changes}


def test_the_default_policy_says_what_the_domain_says() -> None:
    policy = default_policy()
    assert policy.observation_window_days == 365
    assert (policy.alert_percentile, policy.lost_percentile, policy.minimum_own_gaps) == (75, 95, 3)
    assert (policy.loyal_orders, policy.loyal_orders_in_window, policy.won_back_days) == (4, 3, 90)
    assert policy.version.startswith("2026.1+")


def test_every_mistake_is_reported_at_once() -> None:
    wrong = document(alert_percentile=101, won_back_days="90", loyal_order=4, closure_events=[""])
    wrong["festive"] = {"minimum_years": 0, "minimum_share_percent": 80}
    wrong["occasions"] = [{"key": "sales", "label": {"EN": "Sales"}, "from": "02-30", "to": "07-15"}]
    del wrong["journey_break_days"]
    with pytest.raises(LifecyclePolicyError) as caught:
        parse_policy(wrong, origin="shop.json")
    assert set(caught.value.problems) >= {
        "alert_percentile: found 101, expected a whole number from 1 to 100",
        "won_back_days: found '90', expected a whole number at least 1",
        "loyal_order: unknown field, remove it or correct its name",
        "closure_events: found [''], expected a list of texts",
        "festive.minimum_years: found 0, expected a whole number at least 1",
        "festive.maximum_orders_a_year: found nothing, expected a whole number at least 1",
        "occasions[0].label.FR: found nothing, expected a text that is not empty",
        "occasions[0].from: found '02-30', expected a day that exists every year, as MM-DD",
        "journey_break_days: found nothing, expected a whole number at least 1",
    }
    assert "shop.json" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"alert_percentile": 96}, "alert_percentile (96) must not exceed lost_percentile (95)"),
        ({"fallback_alert_days": 400}, "fallback_alert_days (400) must not exceed fallback_lost_days (365)"),
        (
            {"closure_events": ["Product Viewed"]},
            "closure_events: found 'Product Viewed', which is a BROWSE touchpoint, "
            "expected one of type FEEDBACK, OTHER, SERVICE",
        ),
        (
            {"advocacy": [{"count": 1, "signals": [{"event": "Survey Answered", "minimum": 9}]}]},
            "advocacy[0].signals[0].property and minimum go together",
        ),
    ],
)
def test_a_contradiction_is_reported(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(LifecyclePolicyError) as caught:
        parse_policy(document(**changes), origin="shop.json")
    assert caught.value.problems == (problem,)


def test_two_policies_that_differ_never_share_a_version() -> None:
    same = parse_policy(dict(reversed(document().items())), origin="same")
    other = parse_policy(document(won_back_days=91), origin="other")
    assert same.version == default_policy().version
    assert other.version != same.version
    assert other.declared_version == same.declared_version


@pytest.mark.parametrize(
    ("content", "problem"), [("{", "not JSON"), ("[]", "expected a JSON object, found list"), (None, "cannot be read")]
)
def test_a_file_that_is_no_policy_is_refused(tmp_path: Path, content: str | None, problem: str) -> None:
    path = tmp_path / "policy.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(LifecyclePolicyError, match=problem):
        read_policy_document(path)


def test_a_policy_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(document(loyal_orders=5)))
    assert parse_policy(read_policy_document(path), origin=path.name).loyal_orders == 5
