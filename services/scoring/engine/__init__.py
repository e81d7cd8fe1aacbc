"""The prediction mathematics shared by the scoring service and training: numpy, numba and LightGBM, nothing else."""

from scoring.engine.model_set import ModelSet, load_model_set
from scoring.engine.scores import Scores
from scoring.engine.spec import UnusableModelSetError

__all__ = ["ModelSet", "Scores", "UnusableModelSetError", "load_model_set"]
