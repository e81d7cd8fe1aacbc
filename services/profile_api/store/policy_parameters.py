"""The lifecycle policy in the form the derivation's statements read it."""

import json
from functools import cache

from customer.lifecycle.occasions import occasion_windows
from customer.lifecycle.policy import LifecyclePolicy

_FIRST_OCCASION_YEAR = 1990
"""Nobody is festive by orders before then."""


@cache
def policy_parameters(policy: LifecyclePolicy, *, until_year: int) -> tuple[str, str, str]:
    """The policy as the statements read it: its numbers, the windows of its occasions, its advocacy signals."""
    numbers = {
        "version": policy.version,
        "observation_window_days": policy.observation_window_days,
        "alert_percentile": policy.alert_percentile,
        "lost_percentile": policy.lost_percentile,
        "minimum_own_gaps": policy.minimum_own_gaps,
        "minimum_reference_gaps": policy.minimum_reference_gaps,
        "fallback_alert_days": policy.fallback_alert_days,
        "fallback_lost_days": policy.fallback_lost_days,
        "minimum_lapsing_days": policy.minimum_lapsing_days,
        "loyal_orders": policy.loyal_orders,
        "loyal_orders_in_window": policy.loyal_orders_in_window,
        "won_back_days": policy.won_back_days,
        "festive_years": policy.festive.minimum_years,
        "festive_share_percent": policy.festive.minimum_share_percent,
        "festive_orders_a_year": policy.festive.maximum_orders_a_year,
        "missed_occasions_alert": policy.missed_occasions_alert,
        "missed_occasions_lost": policy.missed_occasions_lost,
        "closure_events": policy.closure_events,
    }
    last_year = until_year + policy.missed_occasions_lost + 1
    windows = [
        {"key": window.key, "first_day": window.first_day, "last_day": window.last_day}
        for window in occasion_windows(policy.occasions, first_year=_FIRST_OCCASION_YEAR, last_year=last_year)
    ]
    signals = [
        {
            "rule": number,
            "count": rule.count,
            "event": signal.event,
            "where": dict(signal.where),
            "property": signal.property,
            "minimum": signal.minimum,
        }
        for number, rule in enumerate(policy.advocacy)
        for signal in rule.signals
    ]
    return json.dumps(numbers), json.dumps(windows), json.dumps(signals)
