"""The reference page of the features, written from their definitions: `python -m customer.features.reference_page`."""

import sys

from customer.features.catalogue.amounts import AMOUNTS, RETURNS
from customer.features.catalogue.choices import ASSORTMENT, CHANNELS, SEASON
from customer.features.catalogue.orders import ORDERS, RHYTHM
from customer.features.catalogue.touchpoints import TOUCHPOINTS
from customer.features.definitions import FEATURE_SET, FEATURES
from customer.features.feature import Feature

_THEMES: tuple[tuple[str, tuple[Feature, ...]], ...] = (
    ("Orders", ORDERS), ("Rhythm", RHYTHM), ("Amounts", AMOUNTS), ("Returns", RETURNS), ("Assortment", ASSORTMENT),
    ("Channels and stores", CHANNELS), ("Season and time of day", SEASON), ("Touchpoints", TOUCHPOINTS),
)  # fmt: skip

_HEAD = f"""# Features

Written from the definitions by `python -m customer.features.reference_page`; a test keeps it current.

{len(FEATURES)} features, feature set `{FEATURE_SET}`, all computed by one SQL text,
`customer/features/feature_vectors.sql`, on PostgreSQL (live), DuckDB (training) and Spark (beyond one machine).

- A feature of a customer *as of* an instant sees only facts that had occurred **and** were received before it, of the
  customer's members as they were known then.
- A *valid order* is not cancelled, and worth more than nothing after the returns and refunds known so far.
- *Last 30 days* means local calendar days in the brand's time zone: exactly thirty when as of is a local midnight, and
  those plus today's part otherwise. Orders of one day are one *purchase day*; *gaps* lie between purchase days.
- Amounts are in minor units (cents) of the brand's currency. *Nearest rank* percentiles are values that occurred.
- Kinds: MONEY needs amounts, SCALED is proportional to the currency unit, LINES needs order lines, TOUCHPOINT needs
  events other than orders, CHANNEL needs channels or stores, CALENDAR depends on the date itself. Where the facts of a
  kind are missing, its features are null or zero for everybody, and models can leave them out.
"""


def reference_page() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for theme, features in _THEMES:
        parts.append(
            f"\n## {theme}\n\n| feature | type | unit | what it is | null means | kinds |\n|---|---|---|---|---|---|\n"
        )
        parts += [_row(feature) for feature in features]
    return "".join(parts)


def _row(feature: Feature) -> str:
    kinds = ", ".join(sorted(feature.kinds))
    null = feature.null_means or "never null"
    return f"| `{feature.name}` | {feature.dtype} | {feature.unit} | {feature.description} | {null} | {kinds} |\n"


if __name__ == "__main__":
    sys.stdout.write(reference_page())
