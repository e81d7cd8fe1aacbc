"""Shows what is being done and how long it took: the only module that prints while everything comes up."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

from demo.errors import StepFailedError
from demo.home import Home
from demo.processes import Service, spawn_in_session, stop_sessions


@dataclass(slots=True)
class Steps:
    """Prints one line per finished step; a spinner runs meanwhile on a terminal."""

    home: Home
    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, title: str) -> Iterator[None]:
        """Times the block under `name` and prints its title when it has succeeded."""
        started = time.monotonic()
        with self.console.status(f"{title} …"):
            yield
        self.seconds[name] = round(time.monotonic() - started, 2)
        self.console.print(f"[green]✓[/green] {title} [dim]{self.seconds[name]:.1f} s[/dim]", highlight=False)

    def run(self, name: str, title: str, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
        """Runs one `parcours` command as a step of its own process, so that its memory is given back.

        Returns what it wrote to standard output; the rest is in its log.
        """
        log, output = self.home.log(name), self.home.logs / f"{name}.out"
        command = Service(name=name, command=(sys.executable, "-m", "parcours", *arguments), environment=environment)
        with self.step(name, title):
            process = spawn_in_session(command, log, output=output)
            try:
                code = process.wait()
            except BaseException:
                stop_sessions([process], patience_s=5)
                raise
            if code != 0:
                raise StepFailedError(command=subprocess.list2cmdline(["parcours", *arguments]), code=code, log=log)
        return output.read_text()

    def note(self, text: str) -> None:
        """One plain line between steps."""
        self.console.print(f"  {text}", highlight=False)
