"""The compose file and the images: valid, non-root, one extra each, and asking for commands that exist."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from parcours.cli import build_app

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
IMAGES = {"profile-api", "scoring", "training", "registry"}


def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((INFRA / "docker-compose.yml").read_text())
    return content


def dockerfile(image: str) -> str:
    return (INFRA / f"{image}.Dockerfile").read_text()


def final_stage(image: str) -> str:
    return dockerfile(image).rpartition("\nFROM ")[2]


def command_of(text: str, instruction: str) -> list[str]:
    found = re.search(rf"^{instruction} (\[.*\])$", text, flags=re.MULTILINE)
    arguments: list[str] = json.loads(found[1]) if found else []
    return arguments


def test_the_compose_file_is_valid_against_the_compose_specification() -> None:
    schema = json.loads((Path(__file__).parent / "compose_spec" / "compose-spec.json").read_text())
    jsonschema.Draft201909Validator(schema).validate(compose())  # the draft its $schema means


def test_every_dependency_in_the_compose_file_is_a_service_of_it() -> None:
    services = compose()["services"]
    wanted = {name for service in services.values() for name in service.get("depends_on", {})}
    assert wanted <= services.keys()


def test_services_waited_for_until_healthy_have_a_health_check() -> None:
    services = compose()["services"]
    for service in services.values():
        for name, dependency in service.get("depends_on", {}).items():
            if dependency["condition"] == "service_healthy":
                build = services[name].get("build")
                assert (
                    "healthcheck" in services[name] or "HEALTHCHECK" in (INFRA.parent / build["dockerfile"]).read_text()
                )


def test_no_password_is_written_into_the_compose_file() -> None:
    text = (INFRA / "docker-compose.yml").read_text()
    assert re.findall(r"PASSWORD: (?!\$\{POSTGRES_PASSWORD:\?)", text) == []
    assert re.findall(r"://parcours:(?!\$\{POSTGRES_PASSWORD:\?)", text) == []


def test_there_is_one_image_per_deployable() -> None:
    assert {path.name.removesuffix(".Dockerfile") for path in INFRA.glob("*.Dockerfile")} == IMAGES


@pytest.mark.parametrize("image", sorted(IMAGES))
def test_an_image_has_several_stages_and_runs_as_nobody_special(image: str) -> None:
    assert dockerfile(image).count("\nFROM ") == 2
    assert re.search(r"^USER parcours$", final_stage(image), flags=re.MULTILINE)


@pytest.mark.parametrize("image", sorted(IMAGES))
def test_an_image_installs_only_from_its_own_hashed_lock(image: str) -> None:
    text = dockerfile(image)
    assert f"--require-hashes -r {image}.lock" in text
    installs = re.findall(r"pip install (.*)", text)
    assert all("--require-hashes" in install or "--no-deps" in install for install in installs)


@pytest.mark.parametrize("image", sorted(IMAGES - {"registry"}))
def test_an_image_is_built_from_every_folder_of_the_distribution(image: str) -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    folders = {package.partition("/")[0] for package in build["packages"]}
    allowed = set(re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), flags=re.MULTILINE))
    assert folders <= allowed
    assert folders <= set(re.findall(r"^COPY (\w+) \w+$", dockerfile(image), flags=re.MULTILINE))


@pytest.mark.parametrize(
    "lock", ["requirements.lock", *(f"infra/requirements/{name}.lock" for name in (*IMAGES, "demo", "build"))]
)
def test_every_requirement_of_a_lock_has_a_hash_and_none_names_an_index(lock: str) -> None:
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    requirements = [line for line in text.splitlines() if line.strip()]
    assert requirements
    assert all("==" in line and "--hash=sha256:" in line for line in requirements)
    assert "://" not in text


@pytest.mark.parametrize("image", sorted(IMAGES - {"registry"}))
def test_an_image_runs_versions_the_tests_have_seen(image: str) -> None:
    def pins(path: Path) -> set[str]:
        return set(re.findall(r"^([a-z0-9_.-]+==[^ ;]+)", path.read_text(), flags=re.MULTILINE))

    assert pins(INFRA / "requirements" / f"{image}.lock") <= pins(ROOT / "requirements.lock")


def parcours_commands() -> list[list[str]]:
    images = [command_of(final_stage(image), "CMD") for image in sorted(IMAGES - {"registry"})]
    services = compose()["services"].values()
    asked = [one["command"] for one in services if "command" in one and "parcours-registry" not in one.get("image", "")]
    return images + [command for command in asked if command[0] != "postgres"]


@pytest.mark.parametrize("command", parcours_commands(), ids=" ".join)
def test_the_commands_the_images_run_exist_with_their_options(command: list[str]) -> None:
    result = CliRunner().invoke(build_app(), [*command, "--help"])
    assert result.exit_code == 0, result.output


def direct_requirements(extra: str) -> set[str]:
    """The names an extra asks for, those of the extras it includes and of the project itself among them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = set(project["dependencies"])
    waiting = [extra]
    while waiting:
        for requirement in project["optional-dependencies"][waiting.pop()]:
            included = re.match(r"parcours\[(.*)\]", requirement)
            if included:
                waiting += included[1].split(",")
            else:
                wanted.add(requirement)
    return {re.split(r"[\[<>=!~; ]", requirement)[0].lower() for requirement in wanted}


@pytest.mark.parametrize("extra", [*sorted(IMAGES), "demo", "dev"])
def test_a_lock_holds_everything_its_extra_asks_for(extra: str) -> None:
    lock = ROOT / ("requirements.lock" if extra == "dev" else f"infra/requirements/{extra}.lock")
    locked = set(re.findall(r"^([a-z0-9_.-]+)(?:\[[^\]]*\])?==", lock.read_text(), flags=re.MULTILINE))
    assert direct_requirements(extra) - locked == set(), "run `make lock`"
