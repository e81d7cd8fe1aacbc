"""The clients, installed once from their lock file, and the live API they talk to: real engine, real data."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from profile_api.graph.engine import GraphEngine
from profile_api.http.settings import EdgeSettings
from tests.integration.graph.conftest import world_url
from tests.integration.http.conftest import Live, demo_keys, serving

__all__ = ["world_url"]

HERE = Path(__file__).parent
RunClient = Callable[..., Any]


@pytest.fixture(scope="session")
def run_client() -> RunClient:
    """Runs one script of this folder with node, gives it its arguments as JSON and returns the JSON it prints."""
    lock, installed = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        command = ["npm", "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=HERE, check=True, capture_output=True, timeout=280)

    def run(script: str, **arguments: Any) -> Any:
        done = subprocess.run(
            ["node", script, json.dumps(arguments)], cwd=HERE, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(scope="module")
def real(world_url: str) -> Iterator[Live]:
    """The first of two companies of five records each."""
    tokens = demo_keys(world_url, tenant="shop1")
    with serving(world_url, tokens, settings=EdgeSettings(), engine=lambda: GraphEngine(world_url)) as served:
        yield served
