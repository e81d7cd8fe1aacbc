"""Where training finds facts and keeps models, read from the environment once at the edge."""

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from customer.errors import ParcoursError, SettingsError


class NoDatabaseError(ParcoursError):
    """There are no facts to train from."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"DATABASE_URL is not set and {folder} holds no embedded database; import some orders first, "
            "or train from a file with --orders"
        )


class TrainingSettings(BaseSettings):
    """Unset values mean the embedded defaults under `.parcours/`."""

    model_config = SettingsConfigDict(
        use_attribute_docstrings=True, env_prefix="PARCOURS_", extra="ignore", populate_by_name=True
    )

    home: Path = Path(".parcours")
    tenant: str | None = None
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL", pattern=r"^postgres(ql)?://")
    tracking_uri: str | None = Field(default=None, validation_alias="MLFLOW_TRACKING_URI")
    alert_webhook: str | None = Field(default=None, pattern=r"^https?://")
    """Where `parcours monitor` posts an alert as JSON."""

    @property
    def mlflow_folder(self) -> Path:
        return self.home.resolve() / "mlflow"


def load_settings() -> TrainingSettings:
    """Errors: SettingsError."""
    try:
        return TrainingSettings()
    except ValidationError as error:
        raise SettingsError(error.errors(), prefix="PARCOURS_") from None


def database_url(settings: TrainingSettings) -> str:
    """DATABASE_URL, or the embedded database of this home. Errors: NoDatabaseError, those of the embedded server."""
    if settings.database_url is not None:
        return settings.database_url
    folder = settings.home.resolve() / "postgres"
    if not (folder / "PG_VERSION").exists():
        raise NoDatabaseError(folder)
    from machine.embedded_postgres import start_embedded_postgres

    return start_embedded_postgres(folder)
