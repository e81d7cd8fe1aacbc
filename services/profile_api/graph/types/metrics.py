"""Figures of one customer, and what they prefer."""

import strawberry

from customer.vocabulary import Channel
from profile_api.graph.scalars import DateTime
from profile_api.graph.sources import (
    Embedded,
    Rows,
    as_instant,
    as_number,
    as_text,
    as_word,
    planned,
)
from profile_api.graph.sql import template
from profile_api.graph.types.money import Money, money
from profile_api.graph.types.words import ChannelMix


def _amount(name: str) -> Embedded:
    return money(f"{{metrics}}.{name}", "{metrics}.currency")


@strawberry.type(description="Quintiles against the other customers: 5 is the best fifth.")
class Rfm:
    recency: int = planned(as_number("{metrics}.rfm ->> 'recency'"), "5: ordered most recently.")
    frequency: int = planned(as_number("{metrics}.rfm ->> 'frequency'"), "5: ordered most often.")
    monetary: int | None = planned(
        as_number("{metrics}.rfm ->> 'monetary'"), "5: spent most; null where the source gives no amounts."
    )
    as_of: DateTime = planned(as_instant("({metrics}.rfm ->> 'asOf')::timestamptz"), "When customers were compared.")


_MONTH = "((extract(year from {as_of}) - 1970) * 12 + extract(month from {as_of}) - 1)::int"
_ACTIVITY = f"""case when cardinality({{metrics}}.order_months) > 0 then (
  select round(
    count(*)::numeric / nullif(least(12, {_MONTH} - {{metrics}}.order_months[1] + 1), 0), 4)
  from unnest({{metrics}}.order_months) as active (month)
  where active.month > {_MONTH} - 12 and active.month <= {_MONTH}) end"""


@strawberry.type(description="Figures over the customer's valid orders at the instant looked from.")
class Metrics:
    order_count: int = planned(as_number("coalesce({metrics}.order_count, 0)"), "Valid orders.")
    frequency: int = planned(as_number("(" + template("order_frequency") + ")"), "Valid orders of the last 365 days.")
    net_revenue: Money | None = planned(
        _amount("net_revenue_minor"), "All they paid less all they got back; null where the source gives no amounts."
    )
    average_basket: Money | None = planned(_amount("average_basket_minor"), "Mean net order; null without amounts.")
    p90_basket: Money | None = planned(
        _amount("p90_basket_minor"), "Nine of ten net orders are at most this; null without amounts."
    )
    first_order_at: DateTime | None = planned(
        as_instant("{metrics}.first_order_at"), "First valid order; null without one."
    )
    last_order_at: DateTime | None = planned(
        as_instant("{metrics}.last_order_at"), "Last valid order; null without one."
    )
    days_since_last_order: int | None = planned(
        as_number("extract(day from {as_of} - {metrics}.last_order_at)::int"),
        "Whole days of silence; null before the first order.",
    )
    tenure_days: int | None = planned(
        as_number("extract(day from {as_of} - {metrics}.first_order_at)::int"),
        "Whole days since the first order; null before it.",
    )
    median_gap_days: int | None = planned(
        as_number("{metrics}.median_gap_days"), "Median days between orders; null below two order days."
    )
    p75_gap_days: int | None = planned(
        as_number("{metrics}.p75_gap_days"), "Three of four gaps are at most this; null below two order days."
    )
    days_to_second_purchase: int | None = planned(
        as_number("{metrics}.days_to_second_purchase"), "Days from the first to the second order day; null before it."
    )
    return_rate: float | None = planned(
        as_number("round({metrics}.returned_order_count::numeric / nullif({metrics}.placed_order_count, 0), 4)"),
        "Share of orders of which something was given back, 0 to 1; null without orders.",
    )
    active_months: int = planned(
        as_number("coalesce({metrics}.active_months, 0)"), "Calendar months with a valid order."
    )
    activity_ratio: float | None = planned(
        as_number(_ACTIVITY),
        "Share of the last 12 months, or of those since the first order if fewer, with an order; null without one.",
    )
    categories: list[str] = planned(
        as_text("coalesce({metrics}.categories, '{}'::text[])"), "Categories ever bought, in alphabetical order."
    )
    rfm: Rfm | None = planned(
        Embedded(present="{metrics}.rfm is not null"),
        "Standing among all customers; null until compared, and when looking back: it is not kept.",
    )


@strawberry.type(description="What a customer prefers, by orders weighted by recency (they count half after 180 days).")
class Preference:
    value: str = planned(as_text("{preference} ->> 'value'"), "The preferred value.")
    share: float = planned(as_number("{preference} ->> 'share'"), "Its weighted share, 0 to 1.")
    n: int = planned(as_number("{preference} ->> 'n'"), "How many orders this rests on, at least 2.")


@strawberry.type(description="The preferred channel, by orders weighted by recency.")
class ChannelPreference:
    value: Channel = planned(as_word("{preference} ->> 'value'"), "The preferred channel.")
    share: float = planned(as_number("{preference} ->> 'share'"), "Its weighted share, 0 to 1.")
    n: int = planned(as_number("{preference} ->> 'n'"), "How many orders this rests on, at least 2.")


def _preference(name: str) -> Embedded:
    stated = f"{{metrics}}.preferences -> '{name}'"
    return Embedded(present=f"jsonb_typeof({stated}) = 'object'", binds={"preference": f"({stated})"})


@strawberry.type(description="Preferences; each is null below two orders that tell.")
class Preferences:
    channel: ChannelPreference | None = planned(_preference("channel"), "Where they like to order.")
    store: Preference | None = planned(_preference("store"), "Their store.")
    category: Preference | None = planned(_preference("category"), "What they buy most.")
    payment: Preference | None = planned(_preference("payment"), "How they like to pay.")
    delivery: Preference | None = planned(_preference("delivery"), "How they like to receive.")


FIRST_USES = Rows(
    sql="""
      select used.channel, used."firstUsedAt" as first_used_at, used."lastUsedAt" as last_used_at,
        used."orderCount" as order_count
      from jsonb_to_recordset({metrics}.channel_profile -> 'recruitmentPath')
        as used (channel text, "firstUsedAt" timestamptz, "lastUsedAt" timestamptz, "orderCount" integer)
      order by used."firstUsedAt", used.channel"""
)
_MIX = """(
  select case when count(*) >= 2 then 'MULTI' when count(*) = 1 then 'MONO' end
  from jsonb_to_recordset({metrics}.channel_profile -> 'recruitmentPath') as used ("lastUsedAt" timestamptz)
  where used."lastUsedAt" > {as_of} - interval '365 days')"""
_PATH = """(
  select nullif(string_agg(used.channel, '>' order by used."firstUsedAt", used.channel), '')
  from jsonb_to_recordset({metrics}.channel_profile -> 'recruitmentPath')
    as used (channel text, "firstUsedAt" timestamptz))"""


@strawberry.type(description="The first and last order through one channel.")
class ChannelUse:
    channel: Channel = planned(as_word("{row}.channel"), "The channel.")
    first_used_at: DateTime = planned(as_instant("{row}.first_used_at"), "First valid order through it.")
    last_used_at: DateTime | None = planned(as_instant("{row}.last_used_at"), "Last valid order through it.")
    order_count: int | None = planned(as_number("{row}.order_count"), "Valid orders through it.")


@strawberry.type(description="Which channels the customer orders through.")
class ChannelProfile:
    mix: ChannelMix | None = planned(
        as_word(_MIX), "Through one or several in the last 365 days; null without an order in them."
    )
    recruitment_path: str | None = planned(
        as_text(_PATH), "Channels in the order of their first use, `WEB>STORE`; null without an order."
    )
    channels: list[ChannelUse] = planned(FIRST_USES, "Each channel used, in the order of its first use.")


@strawberry.type(description="What preceded the first order by at most 7 days: a campaign, a search, a visit.")
class AcquisitionTrigger:
    kind: str = planned(as_text("{trigger} ->> 'kind'"), "CAMPAIGN, SEARCH, STORE_VISIT or REFERRER.")
    value: str | None = planned(as_text("{trigger} ->> 'value'"), "Which one; null when the source does not say.")
    channel: Channel | None = planned(as_word("{trigger} ->> 'channel'"), "Where.")
    at: DateTime = planned(as_instant("({trigger} ->> 'at')::timestamptz"), "When.")


@strawberry.type(description="How the customer was won: their first valid order.")
class Acquisition:
    at: DateTime = planned(as_instant("({metrics}.acquisition ->> 'at')::timestamptz"), "When.")
    order_id: strawberry.ID = planned(
        as_word("'ord_' || ({metrics}.acquisition ->> 'orderId')"), "Global id of that order."
    )
    channel: Channel = planned(as_word("{metrics}.acquisition ->> 'channel'"), "Where.")
    store: str | None = planned(as_text("{metrics}.acquisition ->> 'storeId'"), "The store; null outside stores.")
    campaign: str | None = planned(as_text("{metrics}.acquisition ->> 'campaign'"), "The campaign credited.")
    first_category: str | None = planned(
        as_text("{metrics}.acquisition ->> 'firstCategory'"), "The category most was spent on."
    )
    trigger: AcquisitionTrigger | None = planned(
        Embedded(
            present="jsonb_typeof({metrics}.acquisition -> 'trigger') = 'object'",
            binds={"trigger": "({metrics}.acquisition -> 'trigger')"},
        ),
        "What led to it; null when nothing did that we know of.",
    )


ACQUISITION = Embedded(present="jsonb_typeof({metrics}.acquisition) = 'object'")
