"""How many entities stand behind each row of an answer: the query with two more columns, counted on the source alone.

What the workload says of the source is a distance, and who knows the twin's answer could turn it into the source's. So a row of
an answer counts only where `k` training entities are behind it, and an answer only where that many are behind all of it.

Every select hands on one entity (`__e`, null where it is held out) and the least number of them that are behind the row
(`__n`). A group's is the number of distinct ones in it, of each protected table that it reads the smaller, or what was already
behind one of its rows; so it is never too many.
"""

from __future__ import annotations

from sqlglot import exp

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.profiling.snapshot_parts import ENTITY
from warehouse_twin.workload.columns import Roles, first_select, is_grouped, read_by

ONE, MANY = "__e", "__n"


class NotCounted(Exception):
    """The entities behind an answer cannot be counted."""


def with_holders(tree: exp.Query, twin: ResolvedTwin) -> exp.Query | None:
    """The query with `__e` and `__n` as its last columns; None where it reads no protected table. Raises NotCounted."""
    tree = tree.copy()
    return tree if _Exposing(tree, Roles(twin, tree), twin).expose(tree) else None


def join_of(tree: exp.Query, twin: ResolvedTwin) -> tuple[exp.Select, exp.Select | None, exp.Select] | None:
    """(rows that come out of the query's first join, the same with entities, rows of its first table); None without a join.

    The rows with entities are None where there is nobody to count. Raises NotCounted.
    """
    tree = tree.copy()
    roles = Roles(twin, tree)
    select = _first_join(first_select(tree), roles)
    if select is None:
        return None
    plain, whole = _counted(select, []), exp.select("count(*) AS rows").from_(select.args["from_"].this.copy())
    _put_before(tree, plain, whole)
    behind = _Exposing(tree, roles, twin).behind(select)
    held = _counted(select, behind) if behind else None
    if held is not None:
        _put_before(tree, held)
    return plain, held, whole


def _put_before(tree: exp.Query, *made: exp.Select) -> None:
    """The queries that a query is made of, as they are now, before others."""
    heads = list(tree.find_all(exp.CTE))
    for one in made if heads else ():
        one.set("with_", exp.With(expressions=[head.copy() for head in heads]))


def _counted(select: exp.Select, behind: list[tuple[exp.Expression, exp.Expression]]) -> exp.Select:
    made = exp.Select(expressions=[exp.alias_(exp.Count(this=exp.Star()), "rows")])
    if behind:
        made.append("expressions", exp.alias_(_fewest(behind), MANY))
    for part in ("from_", "joins", "where"):
        if (value := select.args.get(part)) is not None:
            made.set(part, [one.copy() for one in value] if isinstance(value, list) else value.copy())
    return made


def _first_join(select: exp.Select, roles: Roles) -> exp.Select | None:
    """The outermost select that joins anything."""
    if len(read_by(select)) > 1:
        return select
    for source in roles.sources(select).values():
        if isinstance(source, exp.Query) and (found := _first_join(first_select(source), roles)) is not None:
            return found
    return None


class _Exposing:
    def __init__(self, tree: exp.Query, roles: Roles, twin: ResolvedTwin) -> None:
        if any(made.args.get("recursive") for made in tree.find_all(exp.With)):
            raise NotCounted
        self.roles, self.protected = roles, frozenset(item.name for item in twin.protected)
        self.done: dict[int, bool] = {}

    def expose(self, query: exp.Query) -> bool:
        """Add the columns to a query and to all that it reads; False where nobody is behind it."""
        if id(query) not in self.done:
            self.done[id(query)] = self._expose(query)
        return self.done[id(query)]

    def _expose(self, query: exp.Query) -> bool:
        if isinstance(query, exp.Subquery):
            return self.expose(query.this)
        if isinstance(query, exp.SetOperation):
            if not isinstance(query, exp.Union) or query.args.get("distinct"):
                raise NotCounted
            found = [self.expose(query.this), self.expose(query.expression)]
            if found[0] != found[1]:
                raise NotCounted
            return found[0]
        if not isinstance(query, exp.Select):
            raise NotCounted
        return self._expose_select(query)

    def _expose_select(self, select: exp.Select) -> bool:
        behind = self.behind(select)
        if not behind:
            return False
        if select.args.get("distinct") is not None:
            if select.args["distinct"].args.get("on") is not None or is_grouped_beside_distinct(select):
                raise NotCounted
            select.set("distinct", None)
            select.set("group", exp.Group(expressions=[_unaliased(one).copy() for one in select.expressions]))
        if is_grouped(select):
            hidden: tuple[exp.Expression, exp.Expression] = (exp.Min(this=behind[0][0].copy()), _fewest(behind))
        else:
            hidden = (behind[0][0].copy(), behind[0][1].copy())
        for expression, name in zip(hidden, (ONE, MANY), strict=True):
            select.append("expressions", exp.alias_(expression, name))
        return True

    def behind(self, select: exp.Select) -> list[tuple[exp.Expression, exp.Expression]]:
        """For each source of a select with somebody behind it the columns that say who, and how many."""
        found: list[tuple[exp.Expression, exp.Expression]] = []
        for alias, source in self.roles.sources(select).items():
            if isinstance(source, exp.Table):
                if source.name in self.protected:
                    found.append((exp.column(ENTITY, table=alias, quoted=True), exp.Literal.number(1)))
            elif self.expose(source):
                found.append((exp.column(ONE, table=alias, quoted=True), exp.column(MANY, table=alias, quoted=True)))
        return found


def is_grouped_beside_distinct(select: exp.Select) -> bool:
    """Whether a select is grouped already, or looks at its neighbours, so that DISTINCT is no grouping of its own."""
    alone = select.copy()
    alone.set("distinct", None)
    return is_grouped(alone) or any(one.find(exp.Window) is not None for one in select.expressions)


def _fewest(behind: list[tuple[exp.Expression, exp.Expression]]) -> exp.Expression:
    counts: list[exp.Expression] = [
        exp.Greatest(
            this=exp.Count(this=exp.Distinct(expressions=[one.copy()])),
            expressions=[exp.Coalesce(this=exp.Max(this=many.copy()), expressions=[exp.Literal.number(0)])],
        )
        for one, many in behind
    ]
    return exp.Least(this=counts[0], expressions=counts[1:]) if len(counts) > 1 else counts[0]


def _unaliased(projection: exp.Expression) -> exp.Expression:
    return projection.this if isinstance(projection, exp.Alias) else projection
