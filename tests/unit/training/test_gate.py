import pytest

from customer.vocabulary import PredictionKind
from training.evaluation.gate import Verdict, basis_of

GROWN = ("next_purchase", "value")


def _verdict(*, worse: bool) -> Verdict:
    low, high = (0.01, 0.03) if worse else (-0.01, 0.01)
    return Verdict(measure="loss", reference=1.0, difference=(low + high) / 2, low=low, high=high)


def test_models_answer_unless_they_lost() -> None:
    assert set(basis_of(GROWN, {}).values()) == {"MODEL"}
    assert set(basis_of(GROWN, {kind: _verdict(worse=False) for kind in PredictionKind}).values()) == {"MODEL"}
    assert basis_of(GROWN, {PredictionKind.VALUE: _verdict(worse=True)}) == {
        "CHURN": "MODEL", "NEXT_PURCHASE": "MODEL", "VALUE": "BASELINE",
    }  # fmt: skip


def test_where_the_distribution_lost_value_goes_with_it() -> None:
    verdicts = {PredictionKind.NEXT_PURCHASE: _verdict(worse=True), PredictionKind.VALUE: _verdict(worse=False)}
    assert set(basis_of(GROWN, verdicts).values()) == {"BASELINE"}


def test_what_was_not_grown_cannot_answer() -> None:
    assert basis_of(("next_purchase",), {})["VALUE"] == "BASELINE"
    assert set(basis_of((), {}).values()) == {"BASELINE"}


@pytest.mark.parametrize(
    ("low", "is_better", "is_worse"), [(1e-9, False, False), (1e-3, False, True), (-3e-3, True, False)]
)
def test_a_difference_that_comes_of_rounding_decides_nothing(low: float, is_better: bool, is_worse: bool) -> None:
    verdict = Verdict(measure="loss", reference=2.0, difference=low, low=low, high=low + 1e-3)
    rounded = Verdict(measure="loss", reference=2.0, difference=-1e-9, low=-2e-9, high=-1e-10)
    assert (verdict.is_better, verdict.is_worse) == (is_better, is_worse)
    assert not rounded.is_better
    assert not rounded.is_worse
