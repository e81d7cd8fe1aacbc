"""Settings of the profile API's commands."""

from pathlib import Path

import pytest

from customer.errors import SettingsError
from profile_api.settings import load_settings


def test_unset_means_the_embedded_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "PARCOURS_HOME", "PARCOURS_TENANT", "PARCOURS_SOURCE_TRUST"):
        monkeypatch.delenv(name, raising=False)
    settings = load_settings()
    assert (settings.database_url, settings.tenant, settings.trusted_sources) == (None, "default", ())
    assert settings.postgres_folder == Path.cwd() / ".parcours" / "postgres"


def test_sources_are_listed_most_trusted_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCOURS_SOURCE_TRUST", "crm, shop,")
    assert load_settings().trusted_sources == ("crm", "shop")


def test_all_unusable_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://somewhere")
    monkeypatch.setenv("PARCOURS_TENANT", "Not A Key")
    with pytest.raises(SettingsError, match=r"environment: PARCOURS_TENANT: .*; DATABASE_URL: "):
        load_settings()
