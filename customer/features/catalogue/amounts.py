"""What a customer spends and gives back: sums, baskets, discounts, returns."""

from customer.features.feature import (
    NO_ORDER,
    Feature,
    Kind,
    amount,
    count,
    days,
    mean_amount,
    ratio,
)  # fmt: skip

_NO_AMOUNT = "there are valid orders but none has an amount"
_NO_PRICED = "no valid order with an amount"

AMOUNTS: tuple[Feature, ...] = (
    *(
        amount(
            f"net_amount_{window}d",
            f"Net amount (total less known adjustments) of the valid orders of the last {window} days.",
            f"amount spent in the last {window} days",
            f"montant dépensé sur {window} jours",
            null_means=_NO_AMOUNT,
        )
        for window in (30, 90, 180, 365)
    ),
    amount("net_amount", "Net amount of all valid orders.", "amount spent", "montant dépensé", null_means=_NO_AMOUNT),
    amount("gross_amount_365d", "Amount as ordered of the valid orders of the last 365 days.",
           "amount ordered in the last year", "montant commandé sur un an", null_means=_NO_AMOUNT),
    amount("gross_amount", "Amount as ordered of all valid orders.", "amount ordered", "montant commandé",
           null_means=_NO_AMOUNT),
    ratio(
        "amount_trend_90d",
        "Net amount of the last 90 days less that of the 90 days before, over their sum: -1 stopped, 1 started.",
        "change in spending over the last 90 days",
        "évolution des dépenses sur 90 jours",
        Kind.MONEY,
        null_means="no valid order with an amount in the last 180 days",
    ),
    mean_amount("mean_basket", "Mean net amount of a valid order.", "average basket", "panier moyen",
                null_means=_NO_PRICED),
    mean_amount("mean_basket_365d", "Mean net amount of a valid order of the last 365 days.",
                "average basket of the last year", "panier moyen sur un an",
                null_means="no valid order with an amount in the last 365 days"),
    mean_amount("mean_repeat_day_amount",
                "Mean net amount of the purchase days after the first (monetary value of the BTYD models).",
                "average spending per repeat purchase", "dépense moyenne par réachat",
                null_means="no purchase day with an amount after the first"),
    amount("first_basket", "Net amount of the first valid order.", "first basket", "premier panier",
           null_means="no valid order, or the first has no amount"),
    amount("last_basket", "Net amount of the last valid order.", "last basket", "dernier panier",
           null_means="no valid order, or the last has no amount"),
    amount("smallest_basket", "The smallest net amount of a valid order.", "smallest basket", "plus petit panier",
           null_means=_NO_PRICED),
    amount("median_basket", "Median net amount of a valid order (nearest rank).", "median basket", "panier médian",
           null_means=_NO_PRICED),
    amount("p90_basket", "Ninth decile of the net amounts (nearest rank).", "large basket", "grand panier",
           null_means=_NO_PRICED),
    amount("largest_basket", "The largest net amount of a valid order.", "largest basket", "plus grand panier",
           null_means=_NO_PRICED),
    ratio("last_basket_to_median", "The last basket over the median basket.",
          "last basket compared with the usual one", "dernier panier comparé au panier habituel",
          Kind.MONEY, null_means="no valid order with an amount, or the last has none"),
    ratio("largest_basket_share", "The largest basket over the net amount of all valid orders.",
          "share of one order in the spending", "part d'une seule commande dans les dépenses",
          Kind.MONEY, null_means=_NO_PRICED),
    ratio("discount_share_365d", "Discounts of the last 365 days over discounts plus amounts ordered.",
          "share of discounts", "part des remises",
          Kind.MONEY, null_means="no discount is known for the valid orders of the last 365 days"),
    ratio("discounted_order_share", "Valid orders with a discount over valid orders.",
          "share of orders with a discount", "part de commandes avec remise",
          Kind.MONEY, null_means=NO_ORDER),
)  # fmt: skip

RETURNS: tuple[Feature, ...] = (
    count("return_count_90d", "Returns, refunds and cancellations of the last 90 days.",
          "returns in the last 90 days", "retours des 90 derniers jours"),
    count("return_count_365d", "Returns, refunds and cancellations of the last 365 days.",
          "returns in the last year", "retours sur un an"),
    count("return_count", "Returns, refunds and cancellations ever.", "number of returns", "nombre de retours"),
    amount("returned_amount_365d", "Amount given back in the last 365 days; zero when none or unknown.",
           "amount returned in the last year", "montant retourné sur un an", null_means=""),
    amount("returned_amount", "Amount given back, ever; zero when none or unknown.", "amount returned",
           "montant retourné", null_means=""),
    ratio("returned_order_share", "Orders with an adjustment over all orders known, valid or not.",
          "share of orders with a return", "part de commandes avec retour", null_means="no order is known"),
    count("cancelled_order_count", "Orders cancelled, ever.", "cancelled orders", "commandes annulées"),
    days("days_since_last_return", "Days since the last return, refund or cancellation.", "time since the last return",
         "temps depuis le dernier retour", null_means="nothing was ever returned"),
)  # fmt: skip
