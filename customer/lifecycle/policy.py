"""The lifecycle policy: every threshold a company may set, read from one versioned JSON file and checked as a whole."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from customer.errors import CustomerError
from customer.lifecycle.occasions import Occasion, parse_occasion
from customer.lifecycle.policy_checks import Checked
from customer.touchpoint import touchpoint_type
from customer.vocabulary import TouchpointType

SIGNAL_TYPES = frozenset({TouchpointType.FEEDBACK, TouchpointType.SERVICE, TouchpointType.OTHER})
"""The touchpoint types among which closures and advocacy are looked for: rare ones, with an index of their own."""


class LifecyclePolicyError(CustomerError):
    """A policy file cannot be used; the message lists everything that is wrong with it."""

    def __init__(self, *, origin: str, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"lifecycle policy {origin} cannot be used; correct: " + "; ".join(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """An event that speaks for the brand: by name, properties equal to `where`, one of them at least `minimum`."""

    event: str
    where: tuple[tuple[str, str], ...] = ()
    property: str | None = None
    minimum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvocacyRule:
    """`count` of these signals within the observation window make a loyal customer an ambassador."""

    count: int
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FestiveRule:
    """Who buys for occasions: years with an order, share of orders inside occasions, most orders in any year."""

    minimum_years: int
    minimum_share_percent: int
    maximum_orders_a_year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecyclePolicy:
    """Thresholds of the lifecycle, journeys and preferences. Days are whole; percentiles are nearest-rank."""

    declared_version: str
    content_hash: str
    observation_window_days: int
    alert_percentile: int
    lost_percentile: int
    minimum_own_gaps: int
    minimum_reference_gaps: int
    fallback_alert_days: int
    fallback_lost_days: int
    minimum_lapsing_days: int
    loyal_orders: int
    loyal_orders_in_window: int
    won_back_days: int
    closure_events: tuple[str, ...]
    advocacy: tuple[AdvocacyRule, ...]
    festive: FestiveRule
    missed_occasions_alert: int
    missed_occasions_lost: int
    occasions: tuple[Occasion, ...]
    journey_break_days: int
    intent_events: tuple[str, ...]
    preference_half_life_days: int
    acquisition_trigger_days: int

    @property
    def version(self) -> str:
        """The declared version and the start of the content's hash: two policies that differ never share it."""
        return f"{self.declared_version}+{self.content_hash[:8]}"


def parse_policy(document: Mapping[str, Any], *, origin: str) -> LifecyclePolicy:
    """Checks the whole document and reports every problem at once."""
    checked = Checked(document)
    whole = checked.whole_number
    policy = LifecyclePolicy(
        declared_version=checked.text("version"),
        content_hash=content_hash(document),
        observation_window_days=whole("observation_window_days", least=1),
        alert_percentile=whole("alert_percentile", least=1, most=100),
        lost_percentile=whole("lost_percentile", least=1, most=100),
        minimum_own_gaps=whole("minimum_own_gaps", least=1),
        minimum_reference_gaps=whole("minimum_reference_gaps", least=1),
        fallback_alert_days=whole("fallback_alert_days", least=1),
        fallback_lost_days=whole("fallback_lost_days", least=1),
        minimum_lapsing_days=whole("minimum_lapsing_days", least=0),
        loyal_orders=whole("loyal_orders", least=2),
        loyal_orders_in_window=whole("loyal_orders_in_window", least=2),
        won_back_days=whole("won_back_days", least=1),
        closure_events=checked.texts("closure_events"),
        advocacy=checked.each("advocacy", _advocacy_rule),
        festive=checked.part(
            "festive", _festive_rule, FestiveRule(minimum_years=2, minimum_share_percent=80, maximum_orders_a_year=3)
        ),
        missed_occasions_alert=whole("missed_occasions_alert", least=1),
        missed_occasions_lost=whole("missed_occasions_lost", least=1),
        occasions=checked.each("occasions", parse_occasion),
        journey_break_days=whole("journey_break_days", least=1),
        intent_events=checked.texts("intent_events"),
        preference_half_life_days=whole("preference_half_life_days", least=1),
        acquisition_trigger_days=whole("acquisition_trigger_days", least=1),
    )
    problems = [*checked.finish(), *_contradictions(policy)]
    if problems:
        raise LifecyclePolicyError(origin=origin, problems=problems)
    return policy


def read_policy_document(path: Path) -> dict[str, Any]:
    """The JSON object in a file, unchecked; raises `LifecyclePolicyError` when there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise LifecyclePolicyError(
            origin=str(path), problems=[f"the file cannot be read ({error.strerror})"]
        ) from error
    return _document(text, origin=str(path))


@cache
def default_policy() -> LifecyclePolicy:
    """The policy that ships with the product."""
    file = resources.files("customer.lifecycle").joinpath("policy_default.json")
    return parse_policy(_document(file.read_text(encoding="utf-8"), origin=file.name), origin=file.name)


def content_hash(document: Mapping[str, Any]) -> str:
    """The same for documents that say the same, whatever their spacing and key order."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _document(text: str, *, origin: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise LifecyclePolicyError(origin=origin, problems=[f"not JSON: {error}"]) from error
    if not isinstance(document, dict):
        raise LifecyclePolicyError(origin=origin, problems=[f"expected a JSON object, found {type(document).__name__}"])
    return document


def _signal(document: Mapping[str, Any]) -> tuple[Signal, list[str]]:
    checked = Checked(document)
    signal = Signal(
        event=checked.text("event"),
        where=checked.part("where", _equalities, ()) if "where" in document else (),
        property=checked.text("property", optional=True) or None,
        minimum=checked.number("minimum", optional=True),
    )
    problems = [*checked.finish(), *_not_kept_as_signal("event", signal.event)]
    if (signal.property is None) != (signal.minimum is None):
        problems.append("property and minimum go together")
    return signal, problems


def _equalities(document: Mapping[str, Any]) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    checked = Checked(document)
    return tuple((key, checked.text(key)) for key in sorted(document)), checked.finish()


def _not_kept_as_signal(key: str, event: str) -> list[str]:
    kind = touchpoint_type(event)
    if kind in SIGNAL_TYPES:
        return []
    expected = ", ".join(sorted(SIGNAL_TYPES))
    return [f"{key}: found {event!r}, which is a {kind} touchpoint, expected one of type {expected}"]


def _advocacy_rule(document: Mapping[str, Any]) -> tuple[AdvocacyRule, list[str]]:
    checked = Checked(document)
    rule = AdvocacyRule(count=checked.whole_number("count", least=1), signals=checked.each("signals", _signal))
    return rule, checked.finish()


def _festive_rule(document: Mapping[str, Any]) -> tuple[FestiveRule, list[str]]:
    checked = Checked(document)
    rule = FestiveRule(
        minimum_years=checked.whole_number("minimum_years", least=1),
        minimum_share_percent=checked.whole_number("minimum_share_percent", least=1, most=100),
        maximum_orders_a_year=checked.whole_number("maximum_orders_a_year", least=1),
    )
    return rule, checked.finish()


def _contradictions(policy: LifecyclePolicy) -> list[str]:
    ordered = (
        ("alert_percentile", policy.alert_percentile, "lost_percentile", policy.lost_percentile),
        ("fallback_alert_days", policy.fallback_alert_days, "fallback_lost_days", policy.fallback_lost_days),
        (
            "missed_occasions_alert",
            policy.missed_occasions_alert,
            "missed_occasions_lost",
            policy.missed_occasions_lost,
        ),
    )
    problems = [problem for event in policy.closure_events for problem in _not_kept_as_signal("closure_events", event)]
    problems += [
        f"{low_name} ({low}) must not exceed {high_name} ({high})"
        for low_name, low, high_name, high in ordered
        if low > high
    ]
    keys = [occasion.key for occasion in policy.occasions]
    if len(keys) != len(set(keys)):
        problems.append("occasions: every key may be used once")
    return problems
