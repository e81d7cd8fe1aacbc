"""How many minor units a currency has: amounts are kept as whole numbers of them."""

_DIGITS = dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0)  # fmt: skip
_DIGITS |= dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


def minor_digits(currency: str) -> int:
    """Decimal places of the currency in ISO 4217; 2 for those not listed."""
    return _DIGITS.get(currency.upper(), 2)
