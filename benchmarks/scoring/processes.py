"""Other programs: started, waited for, ended; and the environments of those that need one of their own."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".parcours" / "bench"
PEER_PACKAGES = {
    "mlserver": ["mlserver", "mlserver-lightgbm", "uvloop<0.22", "numba", "scipy", "pydantic-settings"],
    "bentoml": ["bentoml", "lightgbm", "pandas", "numba", "scipy", "pydantic-settings"],
}


@contextmanager
def running(command: list[str], health: str, **environment: str) -> Iterator[psutil.Process | None]:
    """The process, once it answers; None when it does not within two minutes."""
    own = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'services'}",
        "PATH": f"{Path(command[0]).parent}:{os.environ['PATH']}",  # MLflow starts uvicorn by name
        **environment,
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=own, stdout=log, stderr=log, cwd=ROOT)
        try:
            yield psutil.Process(process.pid) if _answers(health, process) else None
        finally:
            for one in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
                one.kill()
            process.kill()
            process.wait(timeout=20)


def _answers(url: str, process: "subprocess.Popen[bytes]") -> bool:
    for _ in range(240):
        try:
            if httpx.get(url, timeout=5, trust_env=False).status_code < 500:
                time.sleep(3)  # the other worker
                return True
        except httpx.HTTPError:
            if process.poll() is not None:
                return False
        time.sleep(0.5)
    return False


def environment(peer: str) -> Path | None:
    """The Python of a peer's own environment, made when absent; None when its packages cannot be installed."""
    folder = ENVIRONMENTS / peer
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        install = [str(python), "-m", "pip", "install", "--quiet"]
        try:
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
            subprocess.run([*install, *PEER_PACKAGES[peer]], check=True, timeout=1800)
        except (subprocess.SubprocessError, OSError):
            return None
        (folder / "installed").touch()
    return python
