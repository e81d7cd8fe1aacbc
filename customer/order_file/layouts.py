"""Which column of a file plays which part: our own names, a caller's mapping, and two public layouts known by sight."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from customer.order_file.errors import MappingError, MissingColumnError
from customer.order_file.source import BEYOND_HEADER, Source, literal, quoted

REQUIRED = ("customer_id", "order_id", "ordered_at")
OPTIONAL = (
    "amount", "currency", "channel", "store_id", "product_id", "category", "quantity", "unit_price", "is_return",
    "received_at", "discount", "delivery_type", "payment_method", "campaign", "delivered_at",
)  # fmt: skip

_WORDS = (
    "customer_id",
    "order_id",
    "store_id",
    "product_id",
    "category",
    "delivery_type",
    "payment_method",
    "campaign",
)
_INSTANTS = ("ordered_at", "received_at", "delivered_at")
_NUMBERS = ("amount", "quantity", "unit_price", "discount")

_OF_THEIR_TYPE = {
    **dict.fromkeys(_INSTANTS, ("timestamptz", ("TIMESTAMP", "DATE"))),
    **dict.fromkeys(_NUMBERS, ("double", ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DOUBLE", "DECIMAL"))),
}
"""What a part becomes, and the types of columns that become it without being written out as text first."""
_NOTHING = "cast(null as varchar)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """SQL expressions over the file's columns, one per part it can fill; `others` stay properties.

    They give text, but for the parts in `typed`, which are instants and doubles already.
    """

    name: str
    expressions: dict[str, str]
    typed: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()
    keep: str = "true"  # rows for which this is false are no orders by the layout's own rules: counted, not rejected
    chargeable: str = "true"  # false: postage, fees, manual corrections: money without a product
    currency: str | None = None
    channel: str | None = None
    date_format: str | None = None
    exact_duplicates: bool = False  # True: equal rows are separate facts, as the source says itself
    order_id_required: bool = field(default=True)


def recognise(source: Source, mapping: Mapping[str, str]) -> Layout:
    """The layout of a file. Errors: MappingError, MissingColumnError."""
    if not mapping:
        names = {_plain(name): name for name in source.columns}
        for parts, build in _KNOWN:
            if parts <= names.keys():
                return build(names, source)
    return _own(source, mapping)


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "").replace("_", "")


def _own(source: Source, mapping: Mapping[str, str]) -> Layout:
    known = {*REQUIRED, *OPTIONAL}
    for theirs, ours in mapping.items():
        if theirs not in source.columns:
            raise MappingError(problem=f"the file has no column {theirs!r} (found {', '.join(_visible(source))})")
        if ours not in known:
            raise MappingError(problem=f"{ours!r} is not one of our columns ({', '.join((*REQUIRED, *OPTIONAL))})")
    if len(set(mapping.values())) < len(mapping):
        raise MappingError(problem="two columns are mapped to the same name")
    taken = set(mapping.values())
    part_of = {name: name for name in _visible(source) if name in known and name not in taken and name not in mapping}
    part_of.update({ours: theirs for theirs, ours in mapping.items()})
    missing = [part for part in REQUIRED if part not in part_of]
    if missing:
        raise MissingColumnError(source.path, missing=missing, found=_visible(source))
    typed = {part: found for part, name in part_of.items() if (found := _typed(part, name, source.columns[name]))}
    return Layout(
        name="orders",
        expressions={part: _text(theirs, source.columns[theirs]) for part, theirs in part_of.items()} | typed,
        typed=frozenset(typed),
        others=tuple(name for name in _visible(source) if name not in part_of.values()),
    )


def _visible(source: Source) -> list[str]:
    return [name for name in source.columns if name != BEYOND_HEADER]


def _typed(part: str, name: str, duckdb_type: str) -> str | None:
    """The column as the part's own type; None where it has to be read from text."""
    if part not in _OF_THEIR_TYPE:
        return None
    wanted, types = _OF_THEIR_TYPE[part]
    fits = duckdb_type.startswith(types) and not duckdb_type.endswith("]")
    return f"cast({quoted(name)} as {wanted})" if fits else None


def _text(name: str, duckdb_type: str) -> str:
    """A column as text. Floats that are whole numbers lose their point: 13085.0 is the id 13085 after pandas."""
    if duckdb_type in ("DOUBLE", "FLOAT"):
        return f"regexp_replace(cast({quoted(name)} as varchar), '\\.0$', '')"
    return f"cast({quoted(name)} as varchar)"


def _online_retail(names: Mapping[str, str], source: Source) -> Layout:
    """UCI Online Retail and Online Retail II: one row per invoice line, GBP, a web shop in the United Kingdom."""
    column = {plain: quoted(name) for plain, name in names.items()}
    invoice = f"trim(cast({column.get('invoice') or column['invoiceno']} as varchar))"
    price = column.get("price") or column["unitprice"]
    at = names.get("invoicets") or names["invoicedate"]
    code = f"upper(trim(cast({column['stockcode']} as varchar)))"
    keep = [f"{column['customerid']} is not null", f"not starts_with({invoice}, 'A')"]
    if "overlap" in column:  # ours: lines that stand in both sheets of the workbook are marked once
        keep.append(f"not coalesce(try_cast({column['overlap']} as boolean), false)")
    used = {"invoice", "invoiceno", "stockcode", "quantity", "invoicets", "invoicedate", "price", "unitprice"}
    return Layout(
        name="online-retail-ii",
        expressions={
            "customer_id": f"regexp_replace(cast({column['customerid']} as varchar), '\\.0$', '')",
            "order_id": invoice,
            "ordered_at": f"cast({quoted(at)} as varchar)",
            "product_id": code,
            "quantity": f"cast({column['quantity']} as varchar)",
            "unit_price": f"cast({price} as varchar)",
            "is_return": f"cast(starts_with(upper({invoice}), 'C') as varchar)",
        },
        others=tuple(
            name for plain, name in names.items() if plain in ("description", "country") and plain not in used
        ),
        keep=" and ".join(keep),
        # Goods carry five digits; the rest is postage, fees, samples, discounts, manual corrections.
        chargeable=f"regexp_matches({code}, '^([0-9]{{5}}|DCGS|GIFT_|SP[0-9])')",
        currency="GBP",
        channel="WEB",
        date_format="%m/%d/%Y %H:%M",
        # Without the mark, equal rows are the same line standing in both sheets.
        exact_duplicates="overlap" in column,
    )


def _cdnow(names: Mapping[str, str], source: Source) -> Layout:
    """The CDNOW sample: one row per purchase without an id, USD, day resolution."""
    column = {plain: quoted(name) for plain, name in names.items()}
    customer = f"cast({column['masterid']} as varchar)"
    day = f"strftime(cast({column['date']} as timestamp), '%Y%m%d')"
    nth = (
        f"row_number() over (partition by {column['masterid']}, {column['date']} "
        f"order by try_cast({column['spend']} as double), try_cast({column['cds']} as integer), row_number)"
    )
    return Layout(
        name="cdnow",
        expressions={
            "customer_id": customer,
            "order_id": f"{customer} || '-' || {day} || '-' || cast({nth} as varchar)",
            "ordered_at": f"cast({column['date']} as varchar)",
            "amount": f"cast({column['spend']} as varchar)",
            "quantity": f"cast({column['cds']} as varchar)",
        },
        others=(names["sampleid"],),
        currency="USD",
        channel="WEB",
        exact_duplicates=True,
    )


_KNOWN: tuple[tuple[set[str], Callable[[Mapping[str, str], Source], Layout]], ...] = (
    ({"invoice", "stockcode", "quantity", "invoicets", "price", "customerid"}, _online_retail),
    ({"invoice", "stockcode", "quantity", "invoicedate", "price", "customerid"}, _online_retail),
    ({"invoiceno", "stockcode", "quantity", "invoicedate", "unitprice", "customerid"}, _online_retail),
    ({"masterid", "sampleid", "date", "cds", "spend"}, _cdnow),
)


def row_select(layout: Layout, source: Source) -> str:
    """The select that gives every file the same columns, whatever its own were: words, instants and numbers (null where
    they cannot be read), with the text that instants and numbers were read from beside them."""
    words = [f"{_word(layout, part)} as {part}" for part in _WORDS]
    instants = [f"{_instant(layout, part)} as {part}" for part in _INSTANTS]
    numbers = [f"{_number(layout, part)} as {part}" for part in _NUMBERS]
    written = [f"{_written(layout, part)} as {part}_written" for part in (*_INSTANTS, *_NUMBERS)]
    pairs = ", ".join(f"{literal(name)}, {quoted(name)}" for name in layout.others)
    properties = f"replace(cast(json_object({pairs}) as varchar), '\\u0000', '')" if pairs else _NOTHING
    beyond = f"{quoted(BEYOND_HEADER)} is not null" if BEYOND_HEADER in source.columns else "false"
    return (
        f"select row_number, {', '.join([*words, *instants, *numbers, *written])}, "
        f"lower({_word(layout, 'channel')}) as channel_text, lower({_written(layout, 'is_return')}) as return_text, "
        f"upper({_written(layout, 'currency')}) as currency, {properties} as properties, "
        f"{layout.chargeable} as is_product, {beyond} as is_too_long, {layout.keep} as is_kept from {source.scan}"
    )


def _word(layout: Layout, part: str) -> str:
    """NUL characters, which PostgreSQL cannot keep in text, are taken out."""
    expression = layout.expressions.get(part)
    return _NOTHING if expression is None else f"nullif(trim(replace({expression}, chr(0), '')), '')"


def _written(layout: Layout, part: str) -> str:
    """The text; of what has its type already, only what is no value (infinity)."""
    expression = layout.expressions.get(part)
    if expression is None:
        return _NOTHING
    if part in layout.typed:
        return f"case when not isfinite({expression}) then cast({expression} as varchar) end"
    return f"nullif(trim({expression}), '')"


def _instant(layout: Layout, part: str) -> str:
    value = layout.expressions.get(part, "cast(null as timestamptz)")
    if part not in layout.typed:
        text = _written(layout, part)
        formats = ["%Y%m%d", *([layout.date_format] if layout.date_format else [])]
        attempts = ", ".join(f"cast(try_strptime({text}, '{pattern}') as timestamptz)" for pattern in formats)
        value = f"coalesce(try_cast({text} as timestamptz), {attempts})"
    return f"nullif(nullif({value}, timestamptz 'infinity'), timestamptz '-infinity')"


def _number(layout: Layout, part: str) -> str:
    value = layout.expressions[part] if part in layout.typed else f"try_cast({_written(layout, part)} as double)"
    return f"nullif(nullif(nullif({value}, 'infinity'::double), '-infinity'::double), 'nan'::double)"
