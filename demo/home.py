"""The state folder: the only module that knows which file under `.parcours/` holds what."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from machine.whole_file import whole_file


class DemoSettings(BaseSettings):
    """Where the demo keeps its state and which servers it uses; unset servers are embedded ones."""

    model_config = SettingsConfigDict(use_attribute_docstrings=True, env_prefix="PARCOURS_", extra="ignore")

    home: Path = Path(".parcours")
    """the state folder: embedded database, registry, model cache, logs"""
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    """the PostgreSQL server; unset: an embedded one in the state folder"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Paths in the state folder."""

    folder: Path

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def mlflow(self) -> Path:
        return self.folder / "mlflow"

    @property
    def cache(self) -> Path:
        """Downloads that are worth keeping."""
        return self.folder / "cache"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def services_file(self) -> Path:
        """URLs and credentials, for whoever wants to call the services (mode 0600)."""
        return self.folder / "services.json"

    @property
    def processes_file(self) -> Path:
        """Which processes run, for `parcours down` and `parcours doctor`."""
        return self.folder / "processes.json"

    @property
    def progress_file(self) -> Path:
        """Which data set is loaded and which set-up steps are done, so that a second start skips them."""
        return self.folder / "demo.json"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def open_home(settings: DemoSettings) -> Home:
    """The state folder, made when missing."""
    home = Home(folder=settings.home.expanduser().resolve())
    home.logs.mkdir(parents=True, exist_ok=True)
    home.mlflow.mkdir(parents=True, exist_ok=True)
    return home


def write_private_json(path: Path, content: dict[str, Any]) -> None:
    """Replaces a file in one move, readable by its owner only."""
    with whole_file(path) as draft:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=2, default=str)
            file.write("\n")


def read_json(path: Path) -> dict[str, Any]:
    """The file's content; an absent or broken file counts as empty, since all of them can be written anew."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}
