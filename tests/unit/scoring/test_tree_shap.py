"""The tabulated SHAP values are LightGBM's own, to the last digits, or refuse the trees they cannot explain."""

from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import pytest

from scoring.engine.contributor import Contributor
from scoring.engine.tree_shap import TreeShap
from scoring.engine.trees import UnsupportedTreesError

_COLUMNS = 8


def _inputs(rows: int, *, missing: float, seed: int) -> npt.NDArray[np.float32]:
    chance = np.random.default_rng(seed)
    inputs = (chance.normal(size=(rows, _COLUMNS)) * [1, 1, 10, 10, 100, 1, 1, 1]).astype(np.float32)
    inputs[chance.random(inputs.shape) < missing] = np.nan
    inputs[:, 5] = np.round(inputs[:, 5])
    return inputs


def _booster(inputs: npt.NDArray[np.float32], **changes: Any) -> lightgbm.Booster:
    target = np.nan_to_num(inputs[:, 0]) * np.nan_to_num(inputs[:, 1]) + np.nan_to_num(inputs[:, 2]) / 10 > (
        inputs[:, 5] == 1
    )
    parameters = {"objective": "binary", "num_leaves": 15, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1}
    own = {name: value for name, value in changes.items() if name != "categorical"}
    data = lightgbm.Dataset(inputs, target, categorical_feature=changes.get("categorical", []), params=own)
    return lightgbm.train({**parameters, **own}, data, num_boost_round=25)


def _contributions(booster: lightgbm.Booster, asked: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """All of a row's, as `pred_contrib` gives them: the last input tells the one date there is, and is kept."""
    static = _COLUMNS - 1
    found = Contributor(booster, static=static, kept=[static]).over_dates(asked[:, :static], asked[:, None, static:])
    return np.concatenate([found.weighted(np.ones((len(asked), 1))), found.passing], axis=1)


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_contributions_are_those_of_lightgbm(missing: float) -> None:
    booster = _booster(_inputs(600, missing=missing, seed=1))
    asked = _inputs(200, missing=0.3, seed=2)
    expected = booster.predict(asked, pred_contrib=True, num_threads=1)
    np.testing.assert_allclose(_contributions(booster, asked), expected, atol=1e-12)


def test_contributions_add_up_to_the_prediction() -> None:
    booster = _booster(_inputs(600, missing=0.2, seed=1))
    asked = _inputs(50, missing=0.3, seed=2)
    found = _contributions(booster, asked).sum(axis=1)
    np.testing.assert_allclose(found, booster.predict(asked, raw_score=True, num_threads=1), atol=1e-12)


@pytest.mark.parametrize("tabulated", [True, False])
def test_a_booster_without_dates_is_explained_alone(*, tabulated: bool) -> None:
    booster = _booster(_inputs(600, missing=0.2, seed=1))
    asked = _inputs(200, missing=0.3, seed=2)
    contributor = Contributor(booster, static=_COLUMNS, kept=[])
    if not tabulated:
        contributor._tables = None
    base, values = contributor.undated(asked)
    expected = np.asarray(booster.predict(asked, pred_contrib=True, num_threads=1))
    np.testing.assert_allclose(values, expected[:, :-1], atol=1e-12)
    np.testing.assert_allclose(base, expected[:, -1], atol=1e-12)


@pytest.mark.parametrize("kept", [[_COLUMNS - 3], [_COLUMNS - 1], [_COLUMNS - 2, _COLUMNS - 1], []])
@pytest.mark.parametrize("tabulated", [True, False])
def test_contributions_over_dates_are_those_of_every_row_at_every_date(kept: list[int], *, tabulated: bool) -> None:
    booster = _booster(_inputs(600, missing=0.2, seed=1))
    rows, dates, static = 150, 4, _COLUMNS - 3
    asked, steps = _inputs(rows, missing=0.2, seed=3)[:, :static], _dates(rows, dates)
    weights = np.random.default_rng(5).normal(size=(rows, dates))
    joined = np.concatenate([np.repeat(asked, dates, axis=0), steps.reshape(-1, 3)], axis=1)
    expected = np.asarray(booster.predict(joined, pred_contrib=True, num_threads=1)).reshape(rows, dates, -1)
    contributor = Contributor(booster, static=static, kept=kept)
    if not tabulated:
        contributor._tables = None
    found = contributor.over_dates(asked, steps)
    others = [column for column in range(static, _COLUMNS + 1) if column not in kept]
    np.testing.assert_allclose(found.passing, expected[:, :, others].sum(axis=2), atol=1e-12)
    wanted = (expected[:, :, [*range(static), *kept]] * weights[:, :, None]).sum(axis=1)
    np.testing.assert_allclose(found.weighted(weights), wanted, atol=1e-12)


def _dates(rows: int, dates: int) -> npt.NDArray[np.float32]:
    """Those of a day for half of the rows, then others for each row."""
    steps = _inputs(rows * dates, missing=0.2, seed=4)[:, :3].reshape(rows, dates, 3)
    steps[: rows // 2] = np.nan_to_num(steps[0])
    return steps


def test_a_value_on_a_threshold_goes_left_as_in_lightgbm() -> None:
    inputs = _inputs(600, missing=0.0, seed=1)
    booster = _booster(inputs)
    thresholds = np.float32(booster.trees_to_dataframe()["threshold"].dropna().to_numpy()[:_COLUMNS])
    asked = np.tile(thresholds, (3, 1))
    expected = booster.predict(asked, pred_contrib=True, num_threads=1)
    np.testing.assert_allclose(_contributions(booster, asked), expected, atol=1e-12)


def test_paths_that_ask_too_much_of_the_date_are_explained_by_lightgbm_itself() -> None:
    inputs = np.random.default_rng(1).random((4000, 9)).astype(np.float32)
    parameters = {"objective": "binary", "num_leaves": 15, "min_data_in_leaf": 1, "verbose": -1, "num_threads": 1}
    all_high = lightgbm.Dataset(inputs, inputs.min(axis=1) > 0.2)  # one split after the other, each on another input
    booster = lightgbm.train(parameters, all_high, num_boost_round=1)
    with pytest.raises(UnsupportedTreesError, match="tell the date"):
        TreeShap(booster, static=0)


@pytest.mark.parametrize(
    "changes",
    [{"categorical": [5]}, {"zero_as_missing": True}, {"linear_tree": True}],
    ids=["categories", "zero as missing", "linear leaves"],
)
def test_trees_of_other_kinds_are_explained_by_lightgbm_itself(changes: dict[str, Any]) -> None:
    inputs = np.abs(_inputs(600, missing=0.0, seed=1))
    booster = _booster(inputs, **changes)
    with pytest.raises(UnsupportedTreesError):
        TreeShap(booster, static=_COLUMNS)
    if "linear_tree" in changes:
        return  # which LightGBM cannot explain either
    np.testing.assert_allclose(
        _contributions(booster, inputs[:5]), booster.predict(inputs[:5], pred_contrib=True, num_threads=1)
    )
