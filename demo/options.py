"""What a user may ask of `parcours demo`, and what two starts must agree on to share loaded data."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from demo.errors import DemoError


class UnknownDatasetError(DemoError):
    """`--dataset` is neither a known name nor a file."""

    def __init__(self, found: str) -> None:
        known = ", ".join(KnownDataset)
        super().__init__(f"no data set {found!r}; expected one of {known}, or the path of an order file")


class KnownDataset(StrEnum):
    COMPLETE_JOURNEY = "complete-journey"
    ONLINE_RETAIL_II = "online-retail-ii"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """One start's options."""

    dataset: str = KnownDataset.COMPLETE_JOURNEY
    port_base: int = 8000
    limit_customers: int | None = None
    keep_dates: bool = False
    fresh: bool = False
    detach: bool = False
    as_json: bool = False

    def arguments(self) -> list[str]:
        """The command line that asks for the same."""
        given = ["demo", "--dataset", self.dataset, "--port-base", str(self.port_base)]
        given += ["--limit-customers", str(self.limit_customers)] if self.limit_customers else []
        flags = {
            "--keep-dates": self.keep_dates,
            "--fresh": self.fresh,
            "--detach": self.detach,
            "--json": self.as_json,
        }
        return given + [flag for flag, is_set in flags.items() if is_set]

    @property
    def data_key(self) -> str:
        """Names the loaded data in words: two starts with the same key share it."""
        parts = [self.dataset_name]
        if self.limit_customers:
            parts.append(f"{self.limit_customers} customers")
        if self.keep_dates:
            parts.append("original dates")
        return ", ".join(parts)

    @property
    def dataset_name(self) -> str:
        return self.dataset if self.known_dataset else str(Path(self.dataset).resolve())

    @property
    def known_dataset(self) -> KnownDataset | None:
        return KnownDataset(self.dataset) if self.dataset in set(KnownDataset) else None


def validated(options: DemoOptions) -> DemoOptions:
    """The same options, or a clear error, before anything is started."""
    if options.known_dataset is None and not Path(options.dataset).is_file():
        raise UnknownDatasetError(options.dataset)
    return options
