"""From statements to queries whose answers can be compared: known from the manifest's tables alone, before any row is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError

from warehouse_twin.errors import Fault, ManifestError
from warehouse_twin.manifest.resolved import AskedQuery, ResolvedTwin
from warehouse_twin.profiling.snapshot_parts import ENTITY
from warehouse_twin.warehouses import quoted
from warehouse_twin.workload.binding import NotBound, bound
from warehouse_twin.workload.columns import Role, Roles
from warehouse_twin.workload.holding import NotCounted, join_of, with_holders
from warehouse_twin.workload.statements import Read, Statement

_LOST = (SqlglotError, RecursionError, AttributeError, KeyError, IndexError, TypeError, ValueError)
"""What sqlglot (30) raises for statements that it does not understand, its own kind or not; none of it is passed on."""
_NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE")


@dataclass(frozen=True, slots=True)
class Number:
    """A column of an answer that is compared; `grows` with the rows that are asked."""

    place: int
    grows: bool


@dataclass(frozen=True, slots=True)
class Counting:
    """Rows that come out of a join, the same with the entities behind them, and rows of its first table."""

    plain: str
    held: str | None
    whole: str


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it is asked. `held`: the same with the entities behind each row; None where nobody is.

    `aligned`: rows are matched by their labels; else, in the query's own order (`ordered`), by rank, and without one each
    number's values by size. `countable`: whether the entities can be counted; without it nothing is said of an answer.
    """

    name: str
    table: str
    plain: str
    held: str | None
    countable: bool
    labels: tuple[int, ...]
    numbers: tuple[Number, ...]
    aligned: bool
    ordered: bool
    rank_by: int | None
    """the number that ranks the rows, largest first; None: the query's own order does"""
    join: Counting | None

    @property
    def ranked(self) -> bool:
        """Whether its rows are groups that can be ranked."""
        return self.aligned and bool(self.labels) and bool(self.numbers)

    @property
    def asked(self) -> AskedQuery:
        measures = ["query_error", *(["query_rank"] if self.ranked else []), *(["join_rows"] if self.join else [])]
        return AskedQuery(self.name, self.table, tuple(measures))


def plan_queries(read: Read, twin: ResolvedTwin) -> tuple[Query, ...]:
    """Every query that can be asked. Raises ManifestError with file and line of all that cannot."""
    faults: list[Fault] = list(read.faults)
    found: list[Query] = []
    with duckdb.connect() as opened:
        _declare(opened, twin)
        for statement in read.asked:
            try:
                found.append(_planned(opened, statement, read, twin))
            except NotBound as refused:
                faults.append(statement.fault(f"{refused}; wanted a query of its tables"))
            except _LOST:
                faults.append(statement.fault("its columns cannot be followed; wanted a plainer query"))
            except duckdb.Error:
                faults.append(statement.fault("DuckDB cannot run it on the twin's tables; wanted a query that it can"))
    if faults:
        raise ManifestError(faults)
    return tuple(found)


def _declare(opened: duckdb.DuckDBPyConnection, twin: ResolvedTwin) -> None:
    """Empty tables; every one has somebody behind its rows here, as only the drawn ones have on the source."""
    for item in twin.tables:
        columns = ", ".join(f"{quoted(column.name)} {column.sql_type}" for column in item.table.columns)
        opened.execute(f"CREATE TABLE {quoted(item.name)} ({columns}, {quoted(ENTITY)} BIGINT)")


def _planned(opened: duckdb.DuckDBPyConnection, statement: Statement, read: Read, twin: ResolvedTwin) -> Query:
    tree = bound(statement, twin, read.models)
    plain = tree.sql("duckdb")
    types = [str(line[1]).upper() for line in opened.execute(f"DESCRIBE {plain}").fetchall()]
    roles = Roles(twin, tree).of(tree)
    if len(roles) != len(types):
        raise NotBound("its columns cannot be told")
    try:
        counted = with_holders(tree, twin)
        held, countable = None if counted is None else counted.sql("duckdb"), True
        if held is not None:
            opened.execute(f"DESCRIBE {held}")
    except (NotCounted, duckdb.Error):
        held, countable = None, False
    labels, numbers, aligned = _read_as(roles, types)
    order = tree.args.get("order")
    rank_by = _rank(order, tree, labels, numbers)
    return Query(
        name=statement.name,
        table=_table_of(tree, twin),
        plain=plain,
        held=held,
        countable=countable,
        labels=labels,
        numbers=numbers,
        aligned=aligned,
        ordered=order is not None,
        rank_by=rank_by,
        join=_join(opened, tree, twin) if countable else None,
    )


def _read_as(roles: list[Role], types: list[str]) -> tuple[tuple[int, ...], tuple[Number, ...], bool]:
    """(labels, numbers, whether rows are told apart by the labels)"""
    kinds = [role.kind for role in roles]
    labels = tuple(place for place, kind in enumerate(kinds) if kind == "label")
    aligned = not {"key", "plain"} & set(kinds)
    wanted = ("number",) if aligned else ("number", "plain")
    numeric = [place for place, kind in enumerate(kinds) if kind in wanted and types[place].startswith((*_NUMERIC, "DECIMAL"))]
    return labels if aligned else (), tuple(Number(place, roles[place].grows) for place in numeric), aligned


def _rank(order: exp.Expression | None, tree: exp.Query, labels: tuple[int, ...], numbers: tuple[Number, ...]) -> int | None:
    """None where the query's own order is by one of its numbers."""
    if not numbers:
        return None
    if order is not None:
        first = order.expressions[0].this
        names = tree.named_selects
        place = names.index(first.name) if isinstance(first, exp.Column) and first.name in names else None
        if place is None and isinstance(first, exp.Literal) and first.is_int:
            place = int(first.name) - 1
        if place not in labels:
            return None
    return numbers[0].place


def _table_of(tree: exp.Query, twin: ResolvedTwin) -> str:
    """The table whose score it is: the first drawn one that it reads, or the first."""
    protected = {item.name for item in twin.protected}
    names = [node.name for node in _tables(tree)]
    return next((name for name in names if name in protected), names[0])


def _tables(tree: exp.Query) -> Iterator[exp.Table]:
    return (node for node in tree.find_all(exp.Table, bfs=False) if node.db)


def _join(opened: duckdb.DuckDBPyConnection, tree: exp.Query, twin: ResolvedTwin) -> Counting | None:
    try:
        found = join_of(tree, twin)
        if found is None:
            return None
        texts = [None if one is None else one.sql("duckdb") for one in found]
        for text in filter(None, texts):
            opened.execute(f"DESCRIBE {text}")
    except (NotCounted, duckdb.Error):  # read by a query around it
        return None
    plain, held, whole = texts
    return Counting(plain or "", held, whole or "")
