"""Settings of the edge are checked together, before anything starts."""

from pathlib import Path

import pytest

from customer.errors import SettingsError
from profile_api.http.documents import ManifestError, read_manifest
from profile_api.http.settings import EdgeSettings, Environment


def test_all_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCOURS_LARGEST_BODY", "tiny")
    monkeypatch.setenv("PARCOURS_CORS_ORIGINS", "https://shop.example, *")
    monkeypatch.setenv("PARCOURS_ENVIRONMENT", "prod")
    with pytest.raises(SettingsError) as error:
        EdgeSettings.from_environment()
    for name in ("PARCOURS_LARGEST_BODY", "PARCOURS_CORS_ORIGINS", "PARCOURS_ENVIRONMENT"):
        assert name in str(error.value)


def test_trusted_documents_need_a_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCOURS_PERSISTED_QUERIES", "trusted")
    with pytest.raises(SettingsError, match="PARCOURS_TRUSTED_DOCUMENTS"):
        EdgeSettings.from_environment()


def test_origins_are_a_list_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCOURS_CORS_ORIGINS", "https://a.example, https://b.example")
    assert EdgeSettings.from_environment().cors_origins == ("https://a.example", "https://b.example")


def test_production_reads_as_the_service_role_whatever_was_forgotten() -> None:
    assert EdgeSettings().reading_role is None
    assert EdgeSettings(environment=Environment.PRODUCTION).reading_role == "parcours_service"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"a": 1}', '{"operations": []}', "{not json"])
def test_a_manifest_that_cannot_be_used_is_said_so(tmp_path: Path, content: str) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(content)
    with pytest.raises(ManifestError, match="trusted documents"):
        read_manifest(file)


def test_both_forms_of_manifest_are_read(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text('{"sha256:abc": "{ a }"}')
    assert read_manifest(file) == {"abc": "{ a }"}
    file.write_text('{"operations": [{"id": "x", "body": "{ b }", "name": "B", "type": "query"}]}')
    assert read_manifest(file) == {"x": "{ b }"}
