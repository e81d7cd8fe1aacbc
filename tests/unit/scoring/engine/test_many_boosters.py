"""A model is the mean of its boosters, however many: by LightGBM, by the compiled loop, and in what explains it."""

import lightgbm
import numpy as np
import pytest
from scipy.special import logit

from scoring.engine import ModelSet
from scoring.engine.design import TARGET_INPUTS
from scoring.engine.parity import refuse_differences
from tests.small_models import SmallModels


def of(models: ModelSet, *, hazards: int, amounts: int) -> ModelSet:
    """The same models with so many boosters each, all different: some stop growing earlier."""
    boosters = {
        **models.boosters,
        "next_purchase": _cut(models.boosters["next_purchase"], hazards),
        "value": _cut(models.boosters["value"], amounts),
    }
    return ModelSet(models.spec, boosters)


def _cut(boosters: list[lightgbm.Booster], count: int) -> list[lightgbm.Booster]:
    return [
        lightgbm.Booster(model_str=boosters[number % len(boosters)].model_to_string(num_iteration=4 + number))
        for number in range(count)
    ]


@pytest.mark.parametrize(("hazards", "amounts"), [(1, 1), (3, 2), (7, 3)])
def test_any_number_of_boosters_is_read_alike_and_explained_to_the_last_digit(
    models: ModelSet, small: SmallModels, hazards: int, amounts: int
) -> None:
    several = of(models, hazards=hazards, amounts=amounts)
    fast = several.sped_up(small.matrix[:20])
    assert fast is not several
    refuse_differences(several, fast, small.matrix[:60])
    assert models.spec.value is not None
    scores = fast.scores(small.matrix[:40], drivers=5)
    first = fast.scores(small.matrix[:40], horizon_days=int(models.spec.value.edges[1])).value
    assert scores.reasons is not None
    churn, value = scores.reasons.churn, scores.reasons.value
    assert churn is not None
    assert value is not None
    assert first is not None
    assert churn.base + churn.values.sum(axis=1) == pytest.approx(logit(scores.churn), abs=1e-9)
    assert value.base + value.values.sum(axis=1) == pytest.approx(np.log(first.expected), abs=1e-9)


def test_boosters_differ_in_what_they_may_see_of_the_level(models: ModelSet) -> None:
    """Only the first one cannot split on the period of the target, and no two were grown from the same examples."""
    boosters = models.boosters["next_purchase"]
    period = boosters[0].feature_name().index(TARGET_INPUTS[-1])
    knows = [booster.feature_importance("split")[period] > 0 for booster in boosters]
    assert not knows[0]
    roots = {booster.dump_model()["tree_info"][0]["tree_structure"]["internal_value"] for booster in boosters}
    assert len(roots) == len(boosters)
