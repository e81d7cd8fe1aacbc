"""What the feature SQL may be written with: the part of SQL on which all engines agree to the last bit.

Anything not listed is refused: a construct is let in only after the parity tests have covered it.
"""

from collections.abc import Iterator

import sqlglot
from sqlglot import exp

ALLOWED: frozenset[type[exp.Expr]] = frozenset(
    {
        exp.Select, exp.With, exp.CTE, exp.From, exp.Join, exp.Where, exp.Group, exp.Table, exp.TableAlias, exp.Alias,
        exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Paren, exp.Tuple, exp.Star,
        exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In,
        exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Case, exp.If, exp.Cast, exp.DataType,
        exp.Coalesce, exp.Nullif, exp.Sqrt, exp.Greatest,
        exp.Count, exp.Sum, exp.Min, exp.Max, exp.Filter,
        exp.Window, exp.RowNumber, exp.Lead, exp.Lag, exp.Order, exp.Ordered,
    }
)  # fmt: skip
CAST_TYPES = {"BIGINT", "DOUBLE", "BOOLEAN", "TEXT"}
TIE_BREAKERS = {"order_id", "days_ago"}
"""Columns that are unique within a customer and instant, so that a window ordered by them last has one order only."""
FACTS = {"feature_order", "feature_adjustment", "feature_event"}


def violations(sql: str) -> list[str]:
    """Everything in the text that the engines might answer differently, or that could look past as_of."""
    tree = sqlglot.parse_one(sql, read="postgres")
    assert isinstance(tree, exp.Select)
    found = [f"{type(node).__name__} is not allowed: {node.sql()}" for node in tree.walk() if type(node) not in ALLOWED]
    # The parser fills in the null order that is not written, so the text has to be asked.
    if sql.lower().count("nulls last") != len(list(tree.find_all(exp.Ordered))):
        found.append("null order must be written (nulls last) in every order by")
    for rule in (_casts, _divisions, _windows, _joins, _stars, _projection, _literals):
        found += rule(tree)
    return found


def _casts(tree: exp.Select) -> Iterator[str]:
    for cast in tree.find_all(exp.Cast):
        if cast.to.this.name not in CAST_TYPES:
            yield f"cast to a type that is not shared: {cast.sql()}"


def _divisions(tree: exp.Select) -> Iterator[str]:
    for division in tree.find_all(exp.Div):
        left, right = division.left, division.right
        if not (isinstance(left, exp.Cast) and left.to.this.name == "DOUBLE"):
            yield f"integer division: cast the dividend to double precision: {division.sql()}"
        if not isinstance(right, exp.Nullif):
            yield f"engines differ on division by zero: divide by nullif(..., 0): {division.sql()}"
    for modulo in tree.find_all(exp.Mod):
        if not (isinstance(modulo.right, exp.Literal) and int(modulo.right.name) > 0):
            yield f"modulo by something other than a positive number: {modulo.sql()}"


def _windows(tree: exp.Select) -> Iterator[str]:
    for window in tree.find_all(exp.Window):
        if [column.name for column in window.args["partition_by"]] != ["customer_id", "as_of"]:
            yield f"a window must be partitioned by customer_id, as_of: {window.sql()}"
        order = window.args.get("order")
        if isinstance(window.this, exp.RowNumber | exp.Lead | exp.Lag):
            keys = order.expressions if order else []
            if not keys or keys[-1].this.name not in TIE_BREAKERS:
                yield f"ties are not broken (order by ..., {' or '.join(sorted(TIE_BREAKERS))}): {window.sql()}"
        elif order:
            yield f"an ordered aggregate depends on the frame: {window.sql()}"


def _joins(tree: exp.Select) -> Iterator[str]:
    """Facts are joined by their member and both their times; anything else has a condition too."""
    for join in tree.find_all(exp.Join):
        table, condition = join.this.name, join.args.get("on")
        parts = {part.sql() for part in condition.flatten()} if condition else set()
        if table in FACTS:
            needed = {
                f"{table}.member_id = member.member_id",
                f"{table}.occurred_at < member.as_of",
                f"{table}.received_at < member.as_of",
            }
            if parts != needed:
                yield f"{table} must be joined on {' and '.join(sorted(needed))}, found {join.sql()}"
        elif not parts:
            yield f"a join without a condition: {join.sql()}"
    for select in tree.find_all(exp.Select):
        source = select.args.get("from_") or select.args.get("from")
        if source is None or source.this.name in FACTS | {"feature_order_line", "feature_member"}:
            yield f"facts are only reached by a join: {select.sql()[:80]}"


def _stars(tree: exp.Select) -> Iterator[str]:
    for star in tree.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            yield f"columns must be named: {star.parent.sql() if star.parent else '*'}"


def _literals(tree: exp.Select) -> Iterator[str]:
    for literal in tree.find_all(exp.Literal):
        if not literal.is_string and not literal.name.isdigit():
            yield f"only whole numbers are exact: {literal.sql()}"


def _projection(tree: exp.Select) -> Iterator[str]:
    for column in tree.selects[2:]:
        if not isinstance(column.unalias(), exp.Cast):
            yield f"{column.alias_or_name} must be cast to its declared type"
