"""What many types share: amounts, instants, the clock."""

from datetime import UTC, datetime
from decimal import Decimal

import strawberry


def now() -> datetime:
    return datetime.now(UTC)


def instant(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


@strawberry.type
class Money:
    amount: str
    currency: str


def money(minor: float | None, currency: str = "EUR") -> Money | None:
    if minor is None:
        return None
    return Money(amount=f"{Decimal(round(minor)) / 100:.2f}", currency=currency)
