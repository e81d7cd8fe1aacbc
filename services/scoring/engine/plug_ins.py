"""A team's own model in the place of one of ours: what it must be (the contract), and how it is read and asked."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from customer.features.definitions import FEATURE_NAMES
from scoring.engine.btyd import Floats
from scoring.engine.explanation import Contributions
from scoring.engine.spec import UnusableModelSetError
from scoring.errors import ModelSetRefusedError
from scoring.settings import PlugInSettings

if TYPE_CHECKING:
    from lightgbm import Booster

FILE = "plug_ins.json"
ALLOW_PYFUNC = "PARCOURS_SCORING_ALLOW_PYFUNC"
_LOG = logging.getLogger(__name__)


class PlugKind(StrEnum):
    """What can be replaced, and what the replacement answers: one column, or one for each of its days."""

    CHURN = "churn"  # P(no valid order within the set's horizon), 0 to 1
    NEXT_PURCHASE = "next_purchase"  # P(a valid order within so many days) for several days, never falling
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
    days: list[float] = field(default_factory=list)  # of NEXT_PURCHASE: those its columns speak of, ascending


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


def answered(plug_in: PlugIn, model: TeamModel, matrix: Floats) -> Floats:
    """What the model says of each row: (rows,), or (rows, days). Errors: PlugInRefusedError, for an answer the contract
    does not allow."""
    found = model.predict(chosen(plug_in, matrix))
    columns = len(plug_in.days) or 1
    if found.size != len(matrix) * columns:
        expected = f"{columns} numbers a row" if plug_in.days else "one number a row"
        raise PlugInRefusedError(plug_in, f"answers {found.shape} to {len(matrix)} rows, expected {expected}")
    found = found.reshape(len(matrix), columns)
    highest = np.inf if plug_in.kind is PlugKind.VALUE else 1.0
    if not np.all(np.isfinite(found)) or found.min() < 0.0 or found.max() > highest:
        allowed = "finite and not negative" if plug_in.kind is PlugKind.VALUE else "0 to 1"
        raise PlugInRefusedError(plug_in, f"answers {found.min():.4g} to {found.max():.4g}, expected {allowed}")
    if np.any(np.diff(found, axis=1) < 0.0):
        raise PlugInRefusedError(plug_in, "says that an order becomes less likely with more days")
    return found if plug_in.days else found[:, 0]


def explained(plug_in: PlugIn, model: TeamModel, matrix: Floats) -> Contributions | None:
    """Why the model says so; ours would explain another model."""
    if model.explain is None:
        return None
    inputs = chosen(plug_in, matrix)
    found = model.explain(inputs)
    return Contributions(names=plug_in.inputs, base=found[:, -1], values=found[:, :-1], inputs=inputs)


def chosen(plug_in: PlugIn, matrix: Floats) -> Floats:
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
        return np.asarray(booster.predict(rows, num_threads=1), dtype=np.float64)

    def explain(rows: Floats) -> Floats:
        return np.asarray(booster.predict(rows, pred_contrib=True, num_threads=1), dtype=np.float64)

    return TeamModel(predict, explain if _explains(booster, len(plug_in.inputs)) else None)


def _explains(booster: "Booster", inputs: int) -> bool:
    """Whether LightGBM splits its predictions over the inputs: not those of linear trees."""
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
        return np.asarray(found, dtype=np.float64)

    return TeamModel(predict)
