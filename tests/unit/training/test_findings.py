import numpy as np

from scoring.engine.btyd import Floats
from tests.unit.training.outcomes import chances, outcome
from training.evaluation.intervals import Measured, with_intervals
from training.evaluation.outcome import Outcome
from training.judging.population import Drift
from training.monitoring.findings import Finding, Status, drifts, fairness, performance, status_of

TRUTH = chances(2000)
BASIS = {"CHURN": "MODEL", "NEXT_PURCHASE": "MODEL"}


def promises(good: Outcome) -> dict[str, dict[str, float]]:
    return {
        name: {"value": one.value, "low": one.low, "high": one.high}
        for name, one in with_intervals(good, seed=1).items()
    }


def found_of(churn: Floats) -> list[Finding]:
    """What is found of predictions promised to be the truth; the baseline says the mean to everybody."""
    live = outcome(TRUTH, churn, seed=7)
    baseline = outcome(TRUTH, np.full(len(TRUTH), TRUTH.mean()), seed=7)
    return performance(with_intervals(live, seed=0), promises(outcome(TRUTH, TRUTH)), live, baseline, BASIS)


def test_predictions_as_good_as_promised_are_healthy() -> None:
    findings = found_of(TRUTH)
    assert not any(finding.is_alert for finding in findings)
    assert status_of(findings, judged_customers=len(TRUTH)) is Status.HEALTHY


def test_predictions_that_lost_their_rank_are_an_alert() -> None:
    shuffled = np.random.default_rng(2).permutation(TRUTH)
    findings = found_of(shuffled)
    assert any(finding.is_alert and "AUC" in finding.sentence for finding in findings)
    assert any(finding.is_alert and "the baseline" in finding.sentence for finding in findings)
    assert status_of(findings, judged_customers=len(TRUTH)) is Status.DECAYED


def test_predictions_too_high_as_a_whole_are_an_alert() -> None:
    alerts = [finding.sentence for finding in found_of(np.minimum(TRUTH + 0.15, 0.99)) if finding.is_alert]
    assert any("predicted less observed +0.1" in sentence for sentence in alerts)


def test_a_group_that_is_off_is_an_alert_that_tells_how_many_they_are_and_what_the_baseline_said() -> None:
    late, fine = outcome(TRUTH, np.maximum(TRUTH - 0.2, 0.01), seed=7), outcome(TRUTH, TRUTH, seed=7)
    groups = {"stage: lapsing": late, "stage: loyal": fine}
    measured = {name: with_intervals(one, seed=0) for name, one in groups.items()}
    [alert] = fairness(measured, dict.fromkeys(groups, fine))
    assert alert.is_alert
    assert alert.sentence.startswith("stage: lapsing: churn predicted less observed -0.1")
    assert "of 2,000 customers, by the baseline -0.0" in alert.sentence


def test_a_handful_of_matured_predictions_is_not_judged() -> None:
    few = outcome(TRUTH[:20], TRUTH[:20])
    findings = performance(with_intervals(few, seed=0), {}, few, few, BASIS)
    assert [finding.is_alert for finding in findings] == [False]
    assert status_of(findings, judged_customers=20) is Status.NOT_YET


def test_drift_is_an_alert_where_it_can_matter() -> None:
    def drift(name: str, index: float, weight: float = 0.0, chance: float = 1e-9) -> Drift:
        return Drift(
            name=name, stability_index=index, chance=chance, weight=weight, missing_before=0.0, missing_now=0.0
        )

    alerts = {
        finding.sentence.partition(" moved")[0]
        for finding in drifts(
            [
                drift("predicted: churn", 0.4), drift("days_since_last_order", 0.4, weight=0.2),
                drift("return_count", 0.9, weight=0.001), drift("median_basket", 0.15, weight=0.2),
                drift("order_count", 0.4, weight=0.2, chance=0.2),
            ]
        )
        if finding.is_alert
    }  # fmt: skip
    assert alerts == {"predicted: churn", "days_since_last_order"}


def test_an_interval_lies_around_its_value() -> None:
    found = with_intervals(outcome(TRUTH[:200], TRUTH[:200]), seed=0)
    assert all(one.low <= one.value <= one.high for one in found.values())
    assert isinstance(found["churn_ece"], Measured)
