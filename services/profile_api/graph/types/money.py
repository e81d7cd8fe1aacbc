"""Amounts of money."""

import strawberry

from customer.money import WITH_THREE_DECIMALS, WITHOUT_DECIMALS
from profile_api.graph.scalars import Decimal
from profile_api.graph.sources import Embedded, as_word, planned


def _listed(currencies: list[str]) -> str:
    return ", ".join(f"'{currency}'" for currency in currencies)


def minor_per_main(currency: str) -> str:
    """How many minor units make one main unit of a currency, as SQL."""
    return (
        f"case when {currency} in ({_listed(WITHOUT_DECIMALS)}) then 1"
        f" when {currency} in ({_listed(WITH_THREE_DECIMALS)}) then 1000 else 100 end"
    )


# One look into one list for nearly all amounts: PostgreSQL hashes lists of nine and more.
_AMOUNT = (
    f"case when {{currency}} not in ({_listed([*WITHOUT_DECIMALS, *WITH_THREE_DECIMALS])})"
    " then ({minor})::numeric * 0.01"
    f" when {{currency}} in ({_listed(WITH_THREE_DECIMALS)}) then ({{minor}})::numeric * 0.001"
    " else ({minor})::numeric end::text"
)


@strawberry.type(description="An exact amount of money beside its currency.")
class Money:
    amount: Decimal = planned(as_word(_AMOUNT), 'The amount in the currency\'s main unit, all its decimals: `"64.00"`.')
    currency: str = planned(as_word("{currency}"), "ISO 4217 code, `EUR`.")


def money(minor: str, currency: str, *, nullable: bool = True) -> Embedded:
    """An amount kept in minor units; null where the source gave no amounts."""
    return Embedded(
        present=f"({minor}) is not null" if nullable else None,
        binds={"minor": minor, "currency": f"({currency})"},  # char(3), compared as such: as text each would be a copy
    )
