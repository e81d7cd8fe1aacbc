"""Writes the table of all settings from the classes that read them: `python -m tests.contract.settings_table`."""

from enum import Enum
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from demo.home import DemoSettings
from profile_api.http.settings import EdgeSettings
from profile_api.rescoring.settings import RescoringSettings
from profile_api.settings import Settings
from scoring.settings import PlugInSettings, ScoringSettings
from training.settings import TrainingSettings

FILE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"
READERS: dict[type[BaseSettings], str] = {
    DemoSettings: "demo",
    Settings: "profile API, import",
    EdgeSettings: "profile API",
    RescoringSettings: "profile API, worker, `score`",
    ScoringSettings: "scoring",
    PlugInSettings: "scoring, training",
    TrainingSettings: "training",
}
DESCRIPTIONS = {
    "PARCOURS_TENANT": "whose data commands work on; training: the only tenant when unset",
    "MLFLOW_TRACKING_URI": "the MLflow server; unset: training writes SQLite in the state folder",
    "PARCOURS_SCORING_URL": "where the scoring service is",
    "PARCOURS_RESCORING_LIVE_BATCH": "customers per live request to scoring",
    "PARCOURS_RESCORING_DRIVERS": "drivers stored per prediction",
    "PARCOURS_RESCORING_BREAKER_FAILURES": "failures in a row after which scoring is left alone for a while",
    "PARCOURS_RESCORING_BREAKER_REST_S": "seconds it is left alone",
    "PARCOURS_RESCORING_BATCH_ROWS": "customers per request to scoring",
    "PARCOURS_RESCORING_BATCH_IN_FLIGHT": "requests to scoring at once",
    "PARCOURS_RESCORING_BATCH_DEADLINE_S": "seconds one may take",
    "PARCOURS_RESCORING_BATCH_ATTEMPTS": "attempts before it is given up",
    "PARCOURS_SCORING_HOST": "address to listen on",
    "PARCOURS_SCORING_PORT": "port to listen on",
    "PARCOURS_SCORING_ALIAS": "the registry alias to follow",
    "PARCOURS_SCORING_CHALLENGER_ALIAS": "the registry alias whose models score in shadow",
    "PARCOURS_SCORING_POLL_S": "seconds between looks at the registry",
    "PARCOURS_SCORING_REGISTRY_TIMEOUT_S": "seconds the registry may take to answer",
    "PARCOURS_SCORING_MAX_BODY_BYTES": "bytes of a request body",
    "PARCOURS_SCORING_MAX_ROWS": "rows of a request",
}
"""Of those whose class does not describe them."""

HEAD = """# Settings

Read from the environment when a process starts; all that is wrong is reported at once. This table is made from the code
(`python -m tests.contract.settings_table`), and a test compares them.

| variable | default | what it is | who reads it |
|---|---|---|---|
"""


def settings_table() -> str:
    """The whole page."""
    rows: dict[str, tuple[str, str, list[str]]] = {}
    for reader, name in READERS.items():
        for field_name, field in reader.model_fields.items():
            prefix = reader.model_config.get("env_prefix", "")
            variable = str(field.validation_alias or f"{prefix}{field_name}".upper())
            default, description, readers = rows.get(variable, (_shown(field.default), "", []))
            stated = description or field.description or DESCRIPTIONS.get(variable, "")
            rows[variable] = (default, " ".join(stated.split()).rstrip("."), [*readers, name])
    lines = [
        f"| `{name}` | {default} | {text} | {', '.join(who)} |" for name, (default, text, who) in sorted(rows.items())
    ]
    return HEAD + "\n".join(lines) + "\n"


def _shown(default: Any) -> str:
    value = default.value if isinstance(default, Enum) else default
    return "" if value is None or value in ("", (), {}) else f"`{value}`"


if __name__ == "__main__":
    FILE.write_text(settings_table())
