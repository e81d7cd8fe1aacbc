"""The comparison of SQL and rules would notice a mistake: each of these, planted into the SQL, is caught."""

from random import Random

import asyncpg
import pytest

from profile_api.store.derive import named_statement
from tests.integration.store.comparing import assert_as_the_rules_say
from tests.integration.store.histories import World, make_world
from tests.integration.store.loading import Derivation

MUTANTS = {
    "percentile": ("lifecycle_clock", "policy.alert_percentile, policy.lost_percentile", "policy.alert_percentile, 90"),
    "same day": ("lifecycle_clock", "count(*) filter (where gap > 0)", "count(*) filter (where gap >= 0)"),
    "main category": ("lifecycle_clock", "category_count >= highest_count", "category_count > 0"),
    "invalid order": ("lifecycle_clock", "and o.invalid_at > epoch.start_at", ""),
    "epoch's end": ("lifecycle_clock", "and o.ordered_at < epoch.end_at", ""),
    "win-back": ("lifecycle_clock", "at > lost_at_before", "at >= lost_at_before"),
    "closure": ("lifecycle_clock", "follows_closure or", ""),
    "cycle": ("lifecycle_clock", "where won_back_at = candidate_at", "where candidate_at is not null"),
    "brand minimum": ("lifecycle_clock", "and brand.gap_count >= policy.minimum_reference_gaps", ""),
    "month": ("lifecycle_reference", "counted_gap.local_month < wanted_month.local_month",
              "counted_gap.local_month <= wanted_month.local_month"),
    "alert instant": ("lifecycle_transition", "at >= alert_at", "at > alert_at"),
    "lost instant": ("lifecycle_transition", "at >= lost_at", "at > lost_at"),
    "loyal window": ("lifecycle_transition", "(loyal_until), ", ""),
    "advocacy window": ("lifecycle_transition", "lag(occurred_at, count - 1)", "lag(occurred_at, 0)"),
    "advocacy score": ("lifecycle_transition", ">= advocacy_signal.minimum", "> advocacy_signal.minimum"),
    "unchanged": ("lifecycle_transition", "where stage is distinct from stage_before", ""),
}  # fmt: skip
SEASONAL_MUTANTS = {
    "festive share": ("lifecycle_clock", "o.inside_count * 100 >=", "o.inside_count * 100 >"),
    "festive years": ("lifecycle_clock", "o.year_count >= policy.festive_years", "o.year_count >= 1"),
    "orders a year": ("lifecycle_clock", "and o.most_in_a_year <= policy.festive_orders_a_year", ""),
    "own occasions": ("lifecycle_clock", "on occasion_window.key = own.key and", "on"),
    "window's end": ("lifecycle_clock", "occasion_window.last_day + 1)::", "occasion_window.last_day)::"),
    "window's start": ("lifecycle_clock", "occasion_window.first_day > own.local_day",
                       "occasion_window.last_day > own.local_day"),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mutant_is_caught(derivation: Derivation, name: str) -> None:
    _assert_caught(derivation, make_world(Random(5), people=120), *MUTANTS[name])


@pytest.mark.parametrize("name", SEASONAL_MUTANTS)
def test_a_mutant_planted_into_the_festive_rules_is_caught(derivation: Derivation, name: str) -> None:
    _assert_caught(derivation, make_world(Random(5), people=120, seasonal=True), *SEASONAL_MUTANTS[name])


@pytest.mark.parametrize("seasonal", [False, True])
def test_the_population_the_mutants_run_on_is_as_the_rules_say(derivation: Derivation, seasonal: bool) -> None:
    with derivation.undone():
        tenant, population = derivation.load(make_world(Random(5), people=120, seasonal=seasonal))
        derivation.refresh(tenant, population)
        assert_as_the_rules_say(derivation, population)


def _assert_caught(derivation: Derivation, population: World, file: str, original: str, mutated: str) -> None:
    assert original in named_statement(file)

    def statement(asked: str) -> str:
        text = named_statement(asked)
        return text.replace(original, mutated) if asked == file else text

    with derivation.undone():
        tenant, population = derivation.load(population)
        try:
            derivation.refresh(tenant, population, statement=statement)
        except (asyncpg.UniqueViolationError, asyncpg.CardinalityViolationError):
            return
        with pytest.raises(AssertionError):
            assert_as_the_rules_say(derivation, population)
