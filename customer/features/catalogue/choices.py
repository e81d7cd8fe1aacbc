"""What, where and when a customer buys: assortment, channels, stores, season, time of day."""

from customer.features.feature import NO_ORDER, Feature, Kind, amount, choice, count, flag, ratio
from customer.vocabulary import Channel

_CHANNELS = tuple(Channel)

ASSORTMENT: tuple[Feature, ...] = (
    count("line_count", "Order lines of all valid orders.", "lines ordered", "lignes commandées", Kind.LINES),
    count("line_count_365d", "Order lines of the valid orders of the last 365 days.", "lines ordered in the last year",
          "lignes commandées sur un an", Kind.LINES),
    ratio("mean_lines_per_order", "Order lines per valid order.", "lines per order", "lignes par commande", Kind.LINES,
          null_means=NO_ORDER, unit="lines"),
    count("last_order_line_count", "Order lines of the last valid order.", "lines of the last order",
          "lignes de la dernière commande", Kind.LINES, null_means=NO_ORDER),
    count("product_count_90d", "Different products last bought within 90 days.", "variety of recent products",
          "variété des produits récents", Kind.LINES),
    count("product_count_365d", "Different products last bought within 365 days.", "variety of the year's products",
          "variété des produits de l'année", Kind.LINES),
    count("product_count", "Different products bought, ever.", "variety of products", "variété des produits",
          Kind.LINES),
    ratio("rebought_product_share", "Products bought on two days or more over products bought.",
          "products bought again", "produits rachetés", Kind.LINES, null_means="no line with a product"),
    count("category_count_90d", "Different categories last bought within 90 days.", "variety of recent categories",
          "variété des catégories récentes", Kind.LINES),
    count("category_count_365d", "Different categories last bought within 365 days.",
          "variety of the year's categories", "variété des catégories de l'année", Kind.LINES),
    count("category_count", "Different categories bought, ever.", "variety of categories", "variété des catégories",
          Kind.LINES),
    ratio("top_category_share", "Lines of the most bought category over lines with a category.",
          "concentration on one category", "concentration sur une catégorie", Kind.LINES,
          null_means="no line with a category"),
)  # fmt: skip

CHANNELS: tuple[Feature, ...] = (
    count("order_channel_count_365d", "Different channels of the valid orders of the last 365 days.",
          "channels used in the last year", "canaux utilisés sur un an", Kind.CHANNEL),
    count("order_channel_count", "Different channels of the valid orders, ever.", "channels used", "canaux utilisés",
          Kind.CHANNEL),
    ratio("digital_order_share", "Valid orders by web or app over valid orders.", "share of online orders",
          "part de commandes en ligne", Kind.CHANNEL, null_means=NO_ORDER),
    ratio("store_order_share", "Valid orders in a store over valid orders.", "share of orders in store",
          "part de commandes en magasin", Kind.CHANNEL, null_means=NO_ORDER),
    count("store_count", "Different stores of the valid orders, ever.", "stores visited", "magasins fréquentés",
          Kind.CHANNEL),
    choice("first_order_channel", "Channel of the first valid order.", "channel of the first order",
           "canal de la première commande", Kind.CHANNEL, vocabulary=_CHANNELS, null_means=NO_ORDER),
    choice("last_order_channel", "Channel of the last valid order.", "channel of the last order",
           "canal de la dernière commande", Kind.CHANNEL, vocabulary=_CHANNELS, null_means=NO_ORDER),
    flag("is_multichannel", "At least two channels among the valid orders of the last 365 days.",
         "buying in several channels", "achats dans plusieurs canaux", Kind.CHANNEL, null_means=NO_ORDER),
)  # fmt: skip

SEASON: tuple[Feature, ...] = (
    count("weekday", "Day of the week of as_of, 0 = Monday.", "day of the week", "jour de la semaine", Kind.CALENDAR,
          unit="weekday"),
    count("month", "Month of as_of, 1 to 12.", "month of the year", "mois de l'année", Kind.CALENDAR, unit="month"),
    count("year_day", "Day of the year of as_of, 1 to 366.", "time of the year", "période de l'année", Kind.CALENDAR,
          unit="day of year"),
    *(
        count(
            f"order_count_next_{window}d_last_year",
            f"Valid orders in the {window} days that began 364 days (52 weeks) before as_of.",
            f"orders in the same {window} days last year",
            f"commandes des mêmes {window} jours l'an dernier",
        )
        for window in (30, 60, 90)
    ),
    amount("net_amount_next_90d_last_year",
           "Net amount of the valid orders in the 90 days that began 364 days before as_of.",
           "amount spent in the same 90 days last year", "montant dépensé sur les mêmes 90 jours l'an dernier",
           null_means="there are valid orders but none has an amount"),
    ratio("weekend_order_share", "Valid orders on Saturday or Sunday over valid orders.", "share of weekend orders",
          "part de commandes le week-end", null_means=NO_ORDER),
    ratio("morning_order_share", "Valid orders before noon, local time, over valid orders.",
          "share of morning orders", "part de commandes le matin", null_means=NO_ORDER),
    ratio("evening_order_share", "Valid orders from 18:00, local time, over valid orders.",
          "share of evening orders", "part de commandes le soir", null_means=NO_ORDER),
    ratio("busiest_weekday_share", "Valid orders on the most frequent day of the week over valid orders.",
          "concentration on one day of the week", "concentration sur un jour de la semaine", null_means=NO_ORDER),
)  # fmt: skip
