"""How often and when a customer orders: counts, trends, and the rhythm of their purchase days."""

from customer.features.feature import NO_ORDER, NO_SECOND_DAY, Feature, Kind, count, days, ratio

_WINDOWS = (7, 14, 30, 60, 90, 180, 365)

ORDERS: tuple[Feature, ...] = (
    *(
        count(
            f"order_count_{window}d",
            f"Valid orders of the last {window} days.",
            f"orders in the last {window} days",
            f"commandes des {window} derniers jours",
        )
        for window in _WINDOWS
    ),
    count("order_count", "Valid orders ever.", "number of orders", "nombre de commandes"),
    count(
        "purchase_day_count_90d",
        "Days with a valid order in the last 90 days; orders of one day count as one.",
        "purchase days in the last 90 days",
        "jours d'achat des 90 derniers jours",
    ),
    count(
        "purchase_day_count_365d",
        "Days with a valid order in the last 365 days.",
        "purchase days in the last year",
        "jours d'achat de la dernière année",
    ),
    count("purchase_day_count", "Days with a valid order, ever.", "purchase days", "jours d'achat"),
    ratio(
        "order_trend_30d",
        "Orders of the last 30 days less those of the 30 days before, over their sum: -1 stopped, 1 started.",
        "change in orders over the last 30 days",
        "évolution des commandes sur 30 jours",
        null_means="no valid order in the last 60 days",
    ),
    ratio(
        "order_trend_90d",
        "Orders of the last 90 days less those of the 90 days before, over their sum: -1 stopped, 1 started.",
        "change in orders over the last 90 days",
        "évolution des commandes sur 90 jours",
        null_means="no valid order in the last 180 days",
    ),
    ratio(
        "order_trend_365d",
        "Orders of the last 365 days less those of the 365 days before, over their sum: -1 stopped, 1 started.",
        "change in orders from one year to the next",
        "évolution des commandes d'une année à l'autre",
        null_means="no valid order in the last 730 days",
    ),
)

RHYTHM: tuple[Feature, ...] = (
    days(
        "days_since_last_order",
        "Days from the last purchase day to as_of: the silence.",
        "days since the last order",
        "jours depuis la dernière commande",
        null_means=NO_ORDER,
    ),
    days(
        "days_since_first_order",
        "Days from the first purchase day to as_of (T of the BTYD models).",
        "time as a customer",
        "ancienneté",
        null_means=NO_ORDER,
    ),
    days(
        "days_to_second_purchase",
        "Days from the first purchase day to the second.",
        "time to the second purchase",
        "délai avant le deuxième achat",
        null_means=NO_SECOND_DAY,
    ),
    count(
        "repeat_count",
        "Purchase days after the first (frequency x of the BTYD models).",
        "number of repeat purchases",
        "nombre de réachats",
        null_means=NO_ORDER,
    ),
    days(
        "days_first_to_last_order",
        "Days from the first purchase day to the last (t_x of the BTYD models).",
        "span between the first and the last order",
        "durée entre la première et la dernière commande",
        null_means=NO_ORDER,
    ),
    ratio(
        "mean_gap_days",
        "Mean days between consecutive purchase days.",
        "usual time between orders",
        "délai habituel entre commandes",
        null_means=NO_SECOND_DAY,
        unit="days",
    ),
    ratio(
        "gap_deviation_days",
        "Sample standard deviation of the gaps between purchase days.",
        "irregularity of the orders",
        "irrégularité des commandes",
        null_means="fewer than three purchase days",
        unit="days",
    ),
    days("shortest_gap_days", "The shortest gap.", "shortest time between orders", "plus court délai entre commandes",
         null_means=NO_SECOND_DAY),
    days("p25_gap_days", "First quartile of the gaps (nearest rank).", "lower quartile of the time between orders",
         "premier quartile du délai entre commandes", null_means=NO_SECOND_DAY),
    days("median_gap_days", "Median gap (nearest rank).", "median time between orders", "délai médian entre commandes",
         null_means=NO_SECOND_DAY),
    days("p75_gap_days", "Third quartile of the gaps (nearest rank).", "upper quartile of the time between orders",
         "troisième quartile du délai entre commandes", null_means=NO_SECOND_DAY),
    days("p90_gap_days", "Ninth decile of the gaps (nearest rank).", "long time between orders",
         "long délai entre commandes", null_means=NO_SECOND_DAY),
    days("longest_gap_days", "The longest gap.", "longest time between orders", "plus long délai entre commandes",
         null_means=NO_SECOND_DAY),
    days("last_gap_days", "The latest gap.", "time between the last two orders",
         "délai entre les deux dernières commandes", null_means=NO_SECOND_DAY),
    days("previous_gap_days", "The gap before the latest.", "time between the orders before",
         "délai entre les commandes précédentes", null_means="fewer than three purchase days"),
    days("last_three_gaps_days", "The sum of the three latest gaps.", "time taken by the last three repeat purchases",
         "durée des trois derniers réachats", null_means="fewer than four purchase days"),
    ratio(
        "silence_to_median_gap",
        "Days since the last order over the median gap.",
        "silence compared with the usual rhythm",
        "silence comparé au rythme habituel",
        null_means=NO_SECOND_DAY,
    ),
    ratio(
        "silence_to_p75_gap",
        "Days since the last order over the third quartile of the gaps.",
        "silence compared with a long gap",
        "silence comparé à un long délai",
        null_means=NO_SECOND_DAY,
    ),
    ratio(
        "silence_to_longest_gap",
        "Days since the last order over the longest gap.",
        "silence compared with the longest gap",
        "silence comparé au plus long délai",
        null_means=NO_SECOND_DAY,
    ),
    ratio(
        "last_gap_to_median_gap",
        "The latest gap over the median gap.",
        "latest gap compared with the usual rhythm",
        "dernier délai comparé au rythme habituel",
        null_means=NO_SECOND_DAY,
    ),
    ratio(
        "silence_to_tenure",
        "Days since the last order over days since the first.",
        "share of the relationship spent silent",
        "part de la relation passée en silence",
        null_means="no valid order, or the first was today",
    ),
    count("active_month_count", "Calendar months with a valid order, ever.", "months with an order",
          "mois avec commande", Kind.CALENDAR),
    count("active_month_count_365d", "Calendar months with a valid order in the last 365 days.",
          "months with an order in the last year", "mois avec commande sur un an", Kind.CALENDAR),
)  # fmt: skip
