import numpy as np

from customer.features.definitions import FEATURE_NAMES
from training.data.learning import LearningSet
from training.models.model_fit import FEWEST_CUSTOMERS, too_little


def _seen(customers: int, moments: int, *, week_days: int = 7) -> LearningSet:
    """So many customers at each of so many moments a week apart, every second followed by an order."""
    age = np.repeat(np.arange(1, moments + 1) * float(week_days), customers)
    wait = np.where(np.arange(len(age)) % 2 == 0, 3.0, np.nan)
    return LearningSet(
        matrix=np.zeros((len(age), len(FEATURE_NAMES))), age_days=age, watched_days=age, wait_days=wait,
        second_wait_days=wait, amounts=np.zeros((len(age), 1)), value_edges=(0, 30),
    )  # fmt: skip


def test_few_people_stay_few_however_often_they_are_looked_at() -> None:
    assert too_little(_seen(FEWEST_CUSTOMERS, 20), 30) is None
    why = too_little(_seen(FEWEST_CUSTOMERS - 1, 200), 30)
    assert why == f"too few customers to learn from: {FEWEST_CUSTOMERS - 1}, where {FEWEST_CUSTOMERS} are the least"


def test_few_examples_and_horizons_that_nobody_lived_through_teach_nothing() -> None:
    assert (too_little(_seen(FEWEST_CUSTOMERS, 3), 30) or "").startswith("too little to learn from: 300 examples")
    assert (
        too_little(_seen(FEWEST_CUSTOMERS, 20), 365) == "nobody was watched for longer than 140 of the 365 days ahead"
    )
