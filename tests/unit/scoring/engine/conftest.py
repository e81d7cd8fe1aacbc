from pathlib import Path

import pytest

from scoring.engine import ModelSet, load_model_set
from tests.small_models import SmallModels, train_small_models


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> SmallModels:
    return train_small_models(tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="session")
def models(small: SmallModels) -> ModelSet:
    folder: Path = small.folder
    return load_model_set(folder)
