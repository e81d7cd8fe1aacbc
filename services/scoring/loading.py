"""From a fetched directory to models that may serve: load, reproduce the predictions of training, warm up."""

from pathlib import Path

from customer.errors import FeatureSetMismatchError
from customer.features.definitions import FEATURES
from scoring.engine import UnusableModelSetError, load_model_set
from scoring.errors import ModelSetRefusedError
from scoring.model_registry import LoadedModelSet
from scoring.model_repository import ModelSetVersion
from scoring.reproduction import check_reproduction, read_reproduction
from scoring.vectors import VectorReader

_WARMING_ROUNDS = 3


def load_verified(folder: Path, version: ModelSetVersion, *, max_rows: int) -> LoadedModelSet:
    """The model set in `folder`, proven and warm. Raises ModelSetRefusedError when it must not serve."""
    stored = read_reproduction(folder)
    try:
        models = load_model_set(folder)
    except (UnusableModelSetError, FeatureSetMismatchError) as error:
        raise ModelSetRefusedError(str(error)) from error
    check_reproduction(stored, models)
    rows = stored.rows
    models = models.sped_up(rows)
    for _ in range(_WARMING_ROUNDS):
        models.scores(rows[:1])
        models.scores(rows, drivers=1)
    return LoadedModelSet(version=version, models=models, reader=VectorReader(FEATURES, max_rows=max_rows))
