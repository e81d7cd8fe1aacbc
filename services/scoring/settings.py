"""Every setting of the scoring service, read from the environment once at its edge."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from scoring.experiment import Experiment


class PlugInSettings(BaseSettings):
    """What whoever loads a team's own model may do: the scoring service, and the commands that load model sets."""

    model_config = SettingsConfigDict(
        use_attribute_docstrings=True, env_prefix="PARCOURS_SCORING_", frozen=True, extra="ignore"
    )

    allow_pyfunc: bool = False
    """Run models that are code (MLflow's pyfunc), with all that the process may do; without it they are refused."""


class ScoringSettings(BaseSettings):
    """Environment variables `PARCOURS_SCORING_…`; `MLFLOW_TRACKING_URI` is shared with MLflow's own tools."""

    model_config = SettingsConfigDict(
        use_attribute_docstrings=True, env_prefix="PARCOURS_SCORING_", frozen=True, populate_by_name=True
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8001
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    """Worker processes: one per core that scoring may use; each loads the models."""
    models: Path | None = None
    """A local model set directory, used instead of a registry."""
    tracking_uri: Annotated[str | None, Field(validation_alias="MLFLOW_TRACKING_URI")] = None
    alias: str = "champion"
    home: Annotated[Path, Field(validation_alias="PARCOURS_HOME")] = Path(".parcours")
    """The state folder: downloaded versions are kept there, so that a restart works while the registry is down."""
    challenger_alias: str = "challenger"
    load_challenger: bool = False
    """Load the challenger too, so that requests can name it (`?variant=CHALLENGER`)."""
    experiment: str | None = None
    """The name of the running experiment: it decides, with the customer's id, who belongs to the challenger."""
    challenger_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The share of customers that the challenger answers for while an experiment runs."""
    shadow_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The share of requests that the challenger scores too, in shadow; above 0 the challenger is loaded as well."""
    poll_s: Annotated[float, Field(gt=0)] = 5.0
    registry_timeout_s: Annotated[int, Field(gt=0)] = 10
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Threads that run models in each process; LightGBM itself runs on one."""
    waiting: Annotated[int, Field(ge=1)] = 64
    """Requests that may wait for a thread before the service answers 503."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 8 * 1024 * 1024
    max_rows: Annotated[int, Field(ge=1)] = 5000

    @property
    def running_experiment(self) -> Experiment | None:
        """None unless it is named and has a share."""
        if self.experiment is None or not self.challenger_share:
            return None
        return Experiment(name=self.experiment, share=self.challenger_share)

    @property
    def needs_challenger(self) -> bool:
        return self.load_challenger or bool(self.shadow_share) or self.running_experiment is not None
