"""Every setting of asking for predictions, read from the environment once at the edge that asks."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from customer.errors import SettingsError


class RescoringSettings(BaseSettings):
    """Environment variables `PARCOURS_RESCORING_…`, and where the scoring service is: `PARCOURS_SCORING_URL`."""

    model_config = SettingsConfigDict(
        use_attribute_docstrings=True, env_prefix="PARCOURS_RESCORING_", frozen=True, populate_by_name=True
    )

    scoring_url: Annotated[str, Field(validation_alias="PARCOURS_SCORING_URL")] = "http://127.0.0.1:8001"
    prediction_lifetime_h: Annotated[float, Field(gt=0)] = 30.0
    """Hours from as-of until a stored prediction counts as expired: a day, and time for the nightly refresh."""
    drivers: Annotated[int, Field(ge=0, le=50)] = 5

    live_deadline_s: Annotated[float, Field(gt=0)] = 0.25
    """A profile read waits at most this long for live predictions."""
    live_connections: Annotated[int, Field(ge=1, le=32)] = 4
    """Database connections for live feature vectors, and as many requests to the scoring service at once."""
    live_batch: Annotated[int, Field(ge=1, le=100)] = 50
    live_waiting: Annotated[int, Field(ge=1)] = 400
    """Customers that may wait for live scoring in one process; more are told so at once."""
    breaker_failures: Annotated[int, Field(ge=1)] = 5
    breaker_rest_s: Annotated[float, Field(gt=0)] = 2.0

    batch_rows: Annotated[int, Field(ge=1, le=1000)] = 250
    batch_in_flight: Annotated[int, Field(ge=1, le=16)] = 2
    batch_deadline_s: Annotated[float, Field(gt=0)] = 30.0
    batch_attempts: Annotated[int, Field(ge=1, le=10)] = 4

    shadow_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """The share of customers of whom the challenger's predictions are recorded too, in `prediction_shadow`."""
    request_attempts: Annotated[int, Field(ge=1, le=20)] = 5
    """How often the queue tries one customer whom the service cannot answer, before it waits for their next change."""
    worker_jobs: Annotated[int, Field(ge=1, le=16)] = 4
    """Tenants that one worker process serves at once."""
    worker_heartbeat_s: Annotated[float, Field(ge=0.1, le=60)] = 2.0
    """How often a worker says that it lives; what one holds that has missed four beats is given to another."""
    refresh_cron: str = "30 2 * * *"
    """When, in UTC, everything that would expire within a day is scored anew."""

    @property
    def prediction_lifetime(self) -> timedelta:
        return timedelta(hours=self.prediction_lifetime_h)


def load_rescoring_settings() -> RescoringSettings:
    """The settings of this process. Errors: SettingsError."""
    try:
        return RescoringSettings()
    except ValidationError as error:
        raise SettingsError(error.errors(), prefix="PARCOURS_RESCORING_") from None
