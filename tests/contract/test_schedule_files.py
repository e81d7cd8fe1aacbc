"""The examples for schedulers call commands and options that exist, and know their exit codes."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from parcours.cli import build_app
from training.life_cli import ALERT, REFUSED, RUNNING_ELSEWHERE

SCHEDULE = Path(__file__).parents[2] / "infra" / "schedule"
FILES = sorted(SCHEDULE.iterdir())


@pytest.mark.parametrize("command", ["monitor", "retrain"])
def test_every_option_in_the_examples_is_one_of_the_command(command: str) -> None:
    help_text = CliRunner().invoke(build_app(), [command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).output
    used = {
        option
        for file in FILES
        for call in re.findall(rf"parcours {command}([^;|\n\"]*)", file.read_text())
        for option in re.findall(r"--[a-z-]+", call)
    }
    assert used
    assert [option for option in sorted(used) if option not in help_text] == []


def test_the_cron_job_is_yaml_that_runs_one_at_a_time_as_nobody_special() -> None:
    job = yaml.safe_load((SCHEDULE / "cronjob.yaml").read_text())
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert f"-eq {ALERT}" in pod["initContainers"][0]["command"][2]
    assert f"{REFUSED}|{RUNNING_ELSEWHERE})" in pod["containers"][0]["command"][2]


def test_systemd_takes_the_same_codes_for_no_failure() -> None:
    unit = (SCHEDULE / "parcours-retrain.service").read_text()
    assert f"SuccessExitStatus={REFUSED} {ALERT} {RUNNING_ELSEWHERE}\n" in unit
