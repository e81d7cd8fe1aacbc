"""Where this machine keeps its state and which database it talks to, read from the environment once at the edges."""

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from customer.errors import SettingsError


class Settings(BaseSettings):
    """Unset values mean the embedded defaults under `.parcours/`."""

    model_config = SettingsConfigDict(use_attribute_docstrings=True, env_prefix="PARCOURS_", extra="ignore")

    home: Path = Path(".parcours")
    tenant: str = Field(default="default", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL", pattern=r"^postgres(ql)?://")
    import_memory_mb: int = Field(default=1024, ge=128)
    """What one import may hold in memory before it uses the disk."""

    source_trust: str = ""
    """Sources of person records, most trusted first, separated by commas."""

    @property
    def trusted_sources(self) -> tuple[str, ...]:
        return tuple(source.strip() for source in self.source_trust.split(",") if source.strip())

    @property
    def postgres_folder(self) -> Path:
        return self.home.resolve() / "postgres"

    @property
    def cache_folder(self) -> Path:
        return self.home.resolve() / "cache"


def load_settings() -> Settings:
    """The settings of this process. Errors: SettingsError."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(error.errors(), prefix="PARCOURS_") from None


def database_url(settings: Settings, *, keep_running: bool = False) -> str:
    """DATABASE_URL, or the URL of the embedded server, which is started when it is not running."""
    if settings.database_url is not None:
        return settings.database_url
    from machine.embedded_postgres import start_embedded_postgres

    return start_embedded_postgres(settings.postgres_folder, keep_running=keep_running)
