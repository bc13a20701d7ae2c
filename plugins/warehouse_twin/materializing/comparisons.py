"""What a CHECK says of a value by comparison with a number, read off its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_CHECKS = re.compile(r"CHECK ?(\(.*?\))(?= CHECK ?\(|$)", re.DOTALL)
_TURNED: dict[type[exp.Binary], type[exp.Binary]] = {exp.GTE: exp.LTE, exp.GT: exp.LT, exp.LTE: exp.GTE, exp.LT: exp.GT}
"""A comparison, and the same with its sides changed."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The `least` value that a column may have, or the greatest; with `open`, the value itself is not one of them."""

    value: Decimal
    least: bool
    open: bool


def bounds_in(definition: str, name: str) -> Iterator[Bound]:
    """The bounds that all of the definition's CHECKs together set a column, or a domain's `value`; what says anything else sets none."""
    for condition in _CHECKS.findall(definition):
        try:
            tree = sqlglot.parse_one(condition, read="postgres")
        except SqlglotError:
            continue
        yield from _compared(_bare(tree), name)


def _compared(part: exp.Expr, name: str) -> Iterator[Bound]:
    if isinstance(part, exp.And):
        for one in part.flatten():
            yield from _compared(_bare(one), name)
    elif isinstance(part, exp.Between):
        yield from _compared(exp.GTE(this=part.this, expression=part.args["low"]), name)
        yield from _compared(exp.LTE(this=part.this, expression=part.args["high"]), name)
    elif isinstance(part, exp.Binary) and type(part) in _TURNED:
        kind, left, right = type(part), _bare(part.left), _bare(part.right)
        if _number(left) is not None:
            kind, left, right = _TURNED[kind], right, left
        value = _number(right)
        if value is not None and isinstance(left, exp.Column) and left.name.lower() == name.lower():
            yield Bound(value, kind in (exp.GTE, exp.GT), kind in (exp.GT, exp.LT))


def _bare(tree: exp.Expr) -> exp.Expr:
    """Without brackets and casts: PostgreSQL writes `(0)::numeric`."""
    while isinstance(tree, exp.Paren | exp.Cast):
        tree = tree.this
    return tree


def _number(tree: exp.Expr) -> Decimal | None:
    tree = _bare(tree)
    if isinstance(tree, exp.Neg):
        value = _number(tree.this)
        return None if value is None else -value
    return Decimal(tree.name) if isinstance(tree, exp.Literal) and re.fullmatch(r"-?\d+(\.\d+)?", tree.name) else None
