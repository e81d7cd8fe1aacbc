"""What an import says while it runs and when it is done."""

from collections.abc import Callable
from dataclasses import dataclass, field

Progress = Callable[[str], None]
"""Called with the name of each step as it begins."""


def silent(step: str) -> None:
    """A progress that nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSummary:
    """Counts of rows read and of facts written. `unchanged` facts were known already; a second run writes nothing."""

    source: str
    tenant: str
    rows: int = 0
    rejected: int = 0
    ignored: int = 0
    repeated: int = 0
    rejects_file: str | None = None
    customers_inserted: int = 0
    orders_inserted: int = 0
    orders_changed: int = 0
    orders_unchanged: int = 0
    orders_of_others: int = 0
    lines_inserted: int = 0
    adjustments_inserted: int = 0
    events_inserted: int = 0
    identities_inserted: int = 0
    consents_inserted: int = 0
    records_inserted: int = 0
    records_changed: int = 0
    customers_touched: int = 0
    seconds: dict[str, float] = field(default_factory=dict)  # of each step
