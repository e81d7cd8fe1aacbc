"""What shapes a plan: questions about the variables, asked while planning and remembered with what they found."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from profile_api.graph.arguments import Arguments, Fixed, Values


@dataclass(frozen=True, slots=True)
class Probe:
    """Something about the variables that shaped a plan: other values, another plan."""

    read: Callable[[Values], Hashable]
    found: Hashable


@dataclass(slots=True)
class Probes:
    """The questions asked about one set of variables, in their order."""

    values: Values
    asked: list[Probe] = field(default_factory=list)

    def ask(self, read: Callable[[Values], Hashable]) -> Hashable:
        found = read(self.values)
        self.asked.append(Probe(read, found))
        return found

    def given(self, arguments: Arguments, path: str) -> bool:
        """Whether an argument has a value; the plan depends on the answer."""
        read = arguments.reader(path)
        if isinstance(read, Fixed):
            return read.value is not None
        return bool(self.ask(lambda values: read(values) is not None))

    def word(self, arguments: Arguments, path: str) -> Hashable:
        """The value of an enum argument; the plan depends on it."""
        read = arguments.reader(path)
        return read.value if isinstance(read, Fixed) else self.ask(read)


@dataclass(frozen=True, slots=True)
class Given:
    """What a `Choice` may ask about the arguments; the plan then depends on the answers."""

    probes: Probes
    arguments: Arguments

    def has(self, path: str) -> bool:
        return self.probes.given(self.arguments, path)

    def word(self, path: str) -> Hashable:
        return self.probes.word(self.arguments, path)

    def of(self, path: str, about: Callable[[Any], Hashable]) -> Hashable:
        read = self.arguments.reader(path)
        return self.probes.ask(lambda values: about(read(values)))
