"""What the columns of an answer are: labels that name its groups, numbers that are compared, keys, which are new in a twin, or neither.

Sums, counts, means and spreads are compared, and numbers of single rows. What is one row's own value is not: a maximum, a
median, the first of a group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.workload.binding import SCHEMA

Kind = Literal["label", "number", "plain", "key", "other"]
_OF_MANY = (exp.Sum, exp.Count, exp.CountIf, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop)
_NOT_COMPARED: tuple[Kind, ...] = ("key", "other")
_GROWING = (exp.Sum, exp.Count, exp.CountIf)
_AROUND = (exp.Alias, exp.Cast, exp.Round, exp.Coalesce, exp.Paren, exp.Filter)


@dataclass(frozen=True, slots=True)
class Role:
    """A column of an answer; `grows` with the number of rows that are asked, as a sum does."""

    kind: Kind
    grows: bool = False


class Roles:
    """The roles of a query's columns; `twin` says which columns of its tables are keys."""

    def __init__(self, twin: ResolvedTwin, tree: exp.Query) -> None:
        self._keys = {item.name: _new_values(twin, item.name) for item in twin.tables}
        self._named = {cte.alias: cte.this for cte in tree.find_all(exp.CTE)}

    def of(self, query: exp.Query) -> list[Role]:
        """In the order of its projections; of several that are put together, those of the first."""
        select = first_select(query)
        grouped = is_grouped(select)
        return [self._of(one, select, grouped=grouped) for one in select.expressions]

    def sources(self, select: exp.Select) -> dict[str, exp.Table | exp.Query]:
        """What a select reads, by alias: tables of the twin, and queries inside or before it."""
        found: dict[str, exp.Table | exp.Query] = {}
        for node in read_by(select):
            if isinstance(node, exp.Table) and node.db == SCHEMA:
                found[node.alias_or_name] = node
            elif isinstance(node, exp.Table) and node.name in self._named:
                found[node.alias_or_name] = self._named[node.name]
            elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
                found[node.alias_or_name] = node.this
        return found

    def _of(self, projection: exp.Expression, select: exp.Select, *, grouped: bool) -> Role:
        inner = projection.this if isinstance(projection, exp.Alias) else projection
        if inner.find(exp.Query, exp.Window, exp.Anonymous, exp.AnonymousAggFunc) is not None:
            return Role("other")
        counted = list(inner.find_all(exp.AggFunc))
        if counted:
            return Role("number", _grows(inner)) if all(isinstance(one, _OF_MANY) for one in counted) else Role("other")
        found = [self._column(column, select) for column in inner.find_all(exp.Column)]
        kinds = {role.kind for role in found}
        for kind in _NOT_COMPARED:
            if kind in kinds:
                return Role(kind)
        if grouped or kinds <= {"label"}:
            return Role("label")
        if "number" in kinds:
            return found[0] if isinstance(inner, exp.Column) else Role("number")
        return Role("plain")

    def _column(self, column: exp.Column, select: exp.Select) -> Role:
        source = self.sources(select).get(column.table)
        if isinstance(source, exp.Table):
            return Role("key" if column.name.casefold() in self._keys[source.name] else "plain")
        if source is None:
            return Role("other")
        inner = first_select(source)
        place = [one.alias_or_name for one in inner.expressions].index(column.name) if column.name in inner.named_selects else None
        return Role("other") if place is None else self._of(inner.expressions[place], inner, grouped=is_grouped(inner))


def read_by(select: exp.Select) -> list[exp.Expression]:
    """What stands in FROM and JOIN."""
    start = select.args.get("from_")
    return ([start.this] if start is not None else []) + [join.this for join in select.args.get("joins") or ()]


def first_select(query: exp.Query) -> exp.Select:
    while not isinstance(query, exp.Select):
        query = query.this
    return query


def is_grouped(select: exp.Select) -> bool:
    """Whether a row of the answer stands for several."""
    if select.args.get("group") is not None or select.args.get("distinct") is not None:
        return True
    aggregates = (found for one in select.expressions for found in one.find_all(exp.AggFunc))
    return any(found.find_ancestor(exp.Window, exp.Query) is select for found in aggregates)


def _grows(expression: exp.Expression) -> bool:
    while isinstance(expression, _AROUND) or (isinstance(expression, exp.Mul | exp.Div) and isinstance(expression.expression, exp.Literal)):
        expression = expression.this
    return isinstance(expression, _GROWING) and expression.find(exp.Distinct) is None


def _new_values(twin: ResolvedTwin, name: str) -> frozenset[str]:
    """Columns whose values are others in the twin: its keys, those that lead to drawn tables, and what is made up."""
    item = twin[name]
    if item.keep_real:
        return frozenset()
    found = {*item.table.primary_key, *item.pii, *item.generators}
    found |= {column for key in item.table.foreign_keys if not twin[key.references].keep_real for column in key.columns}
    kept = {column for key in item.table.foreign_keys if twin[key.references].keep_real for column in key.columns}
    return frozenset(column.casefold() for column in found - kept)
