"""A team's own model in the place of one of ours: what it must be (the contract), and how its answers are spliced in.

The model set stays one whole: whoever replaces churn keeps our next-purchase distribution, whose hazards are scaled per
customer so that it passes through the team's probability at the trained horizon; value intervals follow. So every
answer of a set agrees with every other one, whoever made it.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from customer.features.definitions import FEATURE_NAMES
from scoring.engine.btyd import Floats
from scoring.engine.distribution import Curve
from scoring.engine.explanation import Contributions
from scoring.engine.hours import at_their_hour
from scoring.engine.model_set import ModelSet
from scoring.engine.scores import Scores
from scoring.engine.spec import UnusableModelSetError
from scoring.engine.value import interval_around
from scoring.errors import ModelSetRefusedError
from scoring.settings import PlugInSettings

if TYPE_CHECKING:
    from lightgbm import Booster

FILE = "plug_ins.json"
ALLOW_PYFUNC = "PARCOURS_SCORING_ALLOW_PYFUNC"
_SURE = 1e-6
_LOG = logging.getLogger(__name__)


class PlugKind(StrEnum):
    """What can be replaced, and what the replacement answers: one column."""

    CHURN = "churn"  # P(no valid order within the set's horizon), 0 to 1
    VALUE = "value"  # expected net amount within the set's horizon, minor units, not negative


class Flavor(StrEnum):
    """LIGHTGBM is data, read by the library that is there anyway; PYFUNC is code and must be allowed."""

    LIGHTGBM = "lightgbm"
    PYFUNC = "pyfunc"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugIn:
    """One entry of `plug_ins.json`: where the MLflow model lies beside the set, and which features it reads."""

    kind: PlugKind
    flavor: Flavor
    folder: str
    inputs: list[str]  # in the order it wants them
    source: str  # the registry's name of it, models:/<name>/<version>


@dataclass(frozen=True, slots=True)
class TeamModel:
    """What a replacement does with rows of its inputs; `explain` gives each input's contribution, and last the base.

    It adds up to the prediction on the model's own scale. None where a model cannot say: a pyfunc is only asked.
    """

    predict: Callable[[Floats], Floats]
    explain: Callable[[Floats], Floats] | None = None


class PlugInRefusedError(ModelSetRefusedError):
    """The model breaks the contract: a set with it is not loaded, and a request that meets it is answered 503."""

    def __init__(self, plug_in: PlugIn, problem: str) -> None:
        super().__init__(f"the {plug_in.kind} model {plug_in.source} {problem}; see the contract of custom models")


def with_plug_ins(own: ModelSet, folder: Path) -> ModelSet:
    """The set with the models that lie beside it in the place of ours; itself when there are none."""
    found = read_plug_ins(folder)
    return PluggedModelSet(own, {one.kind: (one, load(one, folder)) for one in found}) if found else own


def read_plug_ins(folder: Path) -> list[PlugIn]:
    """Errors: UnusableModelSetError, for an entry that cannot be understood."""
    path = folder / FILE
    if not path.exists():
        return []
    try:
        return [
            PlugIn(**{**one, "kind": PlugKind(one["kind"]), "flavor": Flavor(one["flavor"])})
            for one in json.loads(path.read_text(encoding="utf-8"))
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise UnusableModelSetError(folder, f"{FILE} cannot be understood ({error})") from error


class PluggedModelSet(ModelSet):
    """A model set some of whose kinds a team's own models answer."""

    def __init__(self, own: ModelSet, plug_ins: Mapping[PlugKind, tuple[PlugIn, TeamModel]]) -> None:
        super().__init__(own.spec, own.boosters)
        self._own = own
        self._plug_ins = plug_ins

    def sped_up(self, sample: Floats) -> ModelSet:
        return PluggedModelSet(self._own.sped_up(sample), self._plug_ins)

    def scores(self, matrix: Floats, **options: Any) -> Scores:
        found = self._own.scores(matrix, **options)
        if (churn := self._plug_ins.get(PlugKind.CHURN)) is not None and found.has_orders.any():
            found = self._with_churn(found, matrix, *churn)
        if (value := self._plug_ins.get(PlugKind.VALUE)) is not None and found.has_orders.any():
            found = self._with_value(found, matrix, *value)
        return found

    def _with_churn(self, found: Scores, matrix: Floats, plug_in: PlugIn, model: TeamModel) -> Scores:
        ordered = found.has_orders
        probability = np.clip(answered(plug_in, model, matrix[ordered]), _SURE, 1.0 - _SURE)
        log_survival = np.log(np.maximum(1.0 - found.within[ordered], 1e-12))
        own = Curve(edges=np.concatenate([[0.0], found.days]), log_survival=log_survival)
        silent = np.clip(own.silent_through(float(self.horizon_days)), _SURE, 1.0 - _SURE)
        factor = np.log(probability) / np.log(silent)
        curve = Curve(edges=own.edges, log_survival=log_survival * factor[:, None])
        return replace(
            found,
            churn=_put(found.churn, ordered, curve.silent_through(float(found.horizon_days))),
            p10_days=_put(found.p10_days, ordered, at_their_hour(curve.quantile(0.1), found.clock)),
            p50_days=_put(found.p50_days, ordered, at_their_hour(curve.quantile(0.5), found.clock)),
            p90_days=_put(found.p90_days, ordered, at_their_hour(curve.quantile(0.9), found.clock)),
            within=_put(found.within, ordered, 1.0 - np.exp(curve.log_survival)),
            reasons=replace(found.reasons, churn=_explained(plug_in, model, matrix[ordered]))
            if found.reasons
            else None,
        )

    def _with_value(self, found: Scores, matrix: Floats, plug_in: PlugIn, model: TeamModel) -> Scores:
        calibration = self.spec.value
        if calibration is None or found.value is None:
            return found
        ordered = found.has_orders
        expected = answered(plug_in, model, matrix[ordered])
        if found.horizon_days != self.horizon_days:  # as much more, or less, as ours
            trained = self._own.scores(matrix[ordered]).value
            assert trained is not None  # noqa: S101 - it was there for another horizon
            expected = expected * found.value.expected[ordered] / np.maximum(trained.expected, 1e-9)
        around = interval_around(expected, found.churn[ordered], calibration)
        return replace(
            found,
            value=replace(
                found.value,
                expected=_put(found.value.expected, ordered, around.expected),
                low=_put(found.value.low, ordered, around.low),
                high=_put(found.value.high, ordered, around.high),
            ),
            reasons=replace(found.reasons, value=_explained(plug_in, model, matrix[ordered]))
            if found.reasons
            else None,
        )


def answered(plug_in: PlugIn, model: TeamModel, matrix: Floats) -> Floats:
    """What the model says of each row. Errors: PlugInRefusedError, for an answer the contract does not allow."""
    found = model.predict(_chosen(plug_in, matrix))
    if found.shape != (len(matrix),):
        raise PlugInRefusedError(plug_in, f"answers {found.shape} to {len(matrix)} rows, expected one number a row")
    highest = 1.0 if plug_in.kind is PlugKind.CHURN else np.inf
    if not np.all(np.isfinite(found)) or found.min() < 0.0 or found.max() > highest:
        allowed = "0 to 1" if plug_in.kind is PlugKind.CHURN else "finite and not negative"
        raise PlugInRefusedError(plug_in, f"answers {found.min():.4g} to {found.max():.4g}, expected {allowed}")
    return found


def _explained(plug_in: PlugIn, model: TeamModel, matrix: Floats) -> Contributions | None:
    """Why the model says so; ours would explain another model."""
    if model.explain is None:
        return None
    inputs = _chosen(plug_in, matrix)
    found = model.explain(inputs)
    return Contributions(names=plug_in.inputs, base=found[:, -1], values=found[:, :-1], inputs=inputs)


def _chosen(plug_in: PlugIn, matrix: Floats) -> Floats:
    return matrix[:, [FEATURE_NAMES.index(name) for name in plug_in.inputs]]


def load(plug_in: PlugIn, folder: Path) -> TeamModel:
    """Errors: PlugInRefusedError."""
    unknown = [name for name in plug_in.inputs if name not in FEATURE_NAMES]
    if unknown or not plug_in.inputs:
        raise PlugInRefusedError(plug_in, f"reads {', '.join(unknown[:5]) or 'nothing'}, expected features of the set")
    path = folder / plug_in.folder
    return _lightgbm(plug_in, path) if plug_in.flavor is Flavor.LIGHTGBM else _pyfunc(plug_in, path)


def _lightgbm(plug_in: PlugIn, path: Path) -> TeamModel:
    from lightgbm import Booster
    from lightgbm.basic import LightGBMError

    files = sorted(path.glob("model.*")) or sorted(path.glob("*.txt"))
    try:
        booster = Booster(model_file=str(files[0]))
    except (IndexError, LightGBMError) as error:
        raise PlugInRefusedError(plug_in, f"cannot be read by LightGBM ({error})") from error
    if booster.num_feature() != len(plug_in.inputs):
        problem = f"has {booster.num_feature()} inputs, its signature {len(plug_in.inputs)}"
        raise PlugInRefusedError(plug_in, problem)

    def predict(rows: Floats) -> Floats:
        return np.asarray(booster.predict(rows, num_threads=1), dtype=np.float64).reshape(len(rows), -1)[:, 0]

    def explain(rows: Floats) -> Floats:
        return np.asarray(booster.predict(rows, pred_contrib=True, num_threads=1), dtype=np.float64)

    return TeamModel(predict, explain if _explains(booster, len(plug_in.inputs)) else None)


def _explains(booster: "Booster", inputs: int) -> bool:
    """Whether LightGBM splits its predictions over the inputs: not those of linear trees, nor of several classes."""
    from lightgbm.basic import LightGBMError

    try:
        found = np.asarray(booster.predict(np.zeros((1, inputs)), pred_contrib=True, num_threads=1))
    except LightGBMError as reason:
        _LOG.info("a team's LightGBM model comes without drivers: %s", reason)
        return False
    return found.shape == (1, inputs + 1)


def _pyfunc(plug_in: PlugIn, path: Path) -> TeamModel:
    if not PlugInSettings().allow_pyfunc:
        raise PlugInRefusedError(plug_in, f"is code, which runs only where {ALLOW_PYFUNC}=true says that it may")
    try:
        from mlflow.pyfunc import load_model

        model = load_model(str(path))
    except Exception as error:  # anything may happen in foreign code, and must not end the service
        raise PlugInRefusedError(plug_in, f"cannot be loaded ({type(error).__name__}: {error})") from error

    def predict(rows: Floats) -> Floats:
        try:
            found = model.predict(dict(zip(plug_in.inputs, rows.T, strict=True)))  # MLflow makes a data frame of it
        except Exception as error:
            raise PlugInRefusedError(plug_in, f"fails ({type(error).__name__}: {error})") from error
        return np.asarray(found, dtype=np.float64).reshape(len(rows), -1)[:, 0]

    return TeamModel(predict)


def _put(values: Floats, rows: Any, new: Floats) -> Floats:
    changed = values.copy()
    changed[rows] = new
    return changed
