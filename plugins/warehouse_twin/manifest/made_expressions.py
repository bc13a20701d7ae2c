"""Columns that are computed from others of their row: do those exist, does the type fit, does none need itself?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.generators import GeneratorSpec
from warehouse_twin.manifest.made_table import MadeTable
from warehouse_twin.manifest.model import ColumnSpec
from warehouse_twin.manifest.names import unknown


def expression_faults(made: MadeTable, column: str, said: ColumnSpec, generator: GeneratorSpec, sql_type: str) -> Iterator[Fault]:
    from warehouse_twin.generators.expressions import ExpressionError, named, parse_expression, result_type, row_schema
    from warehouse_twin.generators.sql_types import assignable

    path, expression = made.path(column, "generator", "expression"), parse_expression(generator.expression or "")
    found = {name: named(name, made.table.column_names) for name in expression.columns}
    for name, known in found.items():
        if known is None:
            yield made.fault(path, f"{unknown('column', name, made.table.column_names)} (of {made.table.name})")
    names = [known for known in found.values() if known is not None]
    if len(names) < len(found):
        return
    try:
        got = result_type(expression, row_schema({name: made.table.column(name).sql_type for name in names}))
    except ExpressionError as error:
        yield made.fault(path, str(error))
        return
    if not assignable(got, sql_type):
        yield made.fault(path, f"this is {got}, and column {column} is {sql_type}; wanted that, as by cast(… as {sql_type.lower()})")


def circle_faults(made: MadeTable) -> Iterator[Fault]:
    """Expressions that need each other's value, each circle once."""
    from warehouse_twin.generators.expressions import named, parse_expression

    texts = {column: said.generator.expression for column, said in made.spec.columns.items() if said.generator is not None}
    texts = {column: text for column, text in texts.items() if text is not None}
    uses = {
        column: [known for name in parse_expression(text).columns if (known := named(name, texts)) is not None]
        for column, text in texts.items()
    }
    told: set[str] = set()
    for column in uses:
        way = _way_back(column, uses)
        if way and not told.intersection(way):
            told.update(way)
            message = f"expressions go round in a circle ({' -> '.join((*way, column))}); wanted one that needs none of the others"
            yield made.fault(made.path(column, "generator", "expression"), message)


def _way_back(column: str, uses: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The way from a column to itself; empty where there is none."""
    ways: list[tuple[str, ...]] = [(column,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for used in uses[way[-1]]:
            if used == column:
                return way
            if used not in seen:
                seen.add(used)
                ways.append((*way, used))
    return ()
