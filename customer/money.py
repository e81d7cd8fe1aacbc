"""How many minor units a currency has: amounts are kept as whole numbers of them."""

WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split()
WITH_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND".split()
_DIGITS = dict.fromkeys(WITHOUT_DECIMALS, 0) | dict.fromkeys(WITH_THREE_DECIMALS, 3)


def minor_digits(currency: str) -> int:
    """Decimal places of the currency in ISO 4217; 2 for those not listed."""
    return _DIGITS.get(currency.upper(), 2)
