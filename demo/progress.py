"""What earlier starts have already done with this state folder, so that a second start skips it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from demo.errors import OtherDataLoadedError
from demo.home import Home, read_json, write_private_json


class Progress:
    """The steps done so far, and the facts later starts need; written down after every step."""

    def __init__(self, home: Home, *, data_key: str) -> None:
        self._file = home.progress_file
        content = read_json(self._file)
        found = content.get("data")
        if found is not None and found != data_key:
            raise OtherDataLoadedError(found=str(found), wanted=data_key, home=home.folder)
        self._content: dict[str, Any] = {"data": data_key, "done": [], "facts": {}, **content}

    @property
    def facts(self) -> dict[str, Any]:
        """What the steps found out; saved with the next step."""
        facts: dict[str, Any] = self._content["facts"]
        return facts

    def is_done(self, step: str) -> bool:
        return step in self._content["done"]

    @contextmanager
    def once(self, step: str) -> Iterator[None]:
        """Marks the step as done when the block succeeds."""
        self.save()
        yield
        self._content["done"].append(step)
        self.save()

    def save(self) -> None:
        write_private_json(self._file, self._content)
