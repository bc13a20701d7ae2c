"""Making the columns of a table that the manifest has generators for: by counter, so that it does not matter how rows are split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.generators.choices import make_choices
from warehouse_twin.generators.expressions import evaluate, named, parse_expression
from warehouse_twin.generators.fakers import make_distinct_faker, make_faker
from warehouse_twin.generators.generator import Generator
from warehouse_twin.generators.grids import as_values, range_grid, sequence_grid
from warehouse_twin.generators.pattern_parsing import parse_pattern
from warehouse_twin.randomness import derive_seed, uniforms

Ints = NDArray[np.int64]
Columns = dict[str, pa.ChunkedArray]


@dataclass(frozen=True)
class Made:
    """A column that is made: its generator, whether it may be null, and the share of nulls it shall have."""

    name: str
    generator: Generator
    nullable: bool
    nulls: float

    @property
    def uses(self) -> tuple[str, ...]:
        """The columns of its row that its values are computed from."""
        return parse_expression(self.generator.detail["text"]).columns if self.generator.kind == "expression" else ()


def made_columns(generators: Mapping[str, Generator], nullable: Mapping[str, bool], shares: Mapping[str, float]) -> tuple[Made, ...]:
    """The columns that are made, in an order in which each comes after those that it is computed from.

    `shares` are the source's shares of nulls. A column that may not be null never is. Expressions that need each other are left
    out: the manifest's check refuses them.
    """
    waiting = [
        Made(name, each, nullable[name], (shares.get(name, 0.0) if each.keeps_nulls else each.nulls or 0.0) if nullable[name] else 0.0)
        for name, each in generators.items()
    ]
    ordered: list[Made] = []
    while waiting:
        names = [made.name for made in waiting]
        ready = [made for made in waiting if not any(named(used, names) for used in made.uses)]
        if not ready:
            break
        ordered += ready
        waiting = [made for made in waiting if made not in ready]
    return tuple(ordered)


def complete(columns: Columns, made: Sequence[Made], types: pa.Schema, counters: Ints, *, seed: int) -> Columns:
    """All columns of rows that have these: those that are missing are made, and those with a range are held to it."""
    known = dict(columns)
    for each in made:
        kind = types.field(each.name).type
        if each.generator.learned:
            known[each.name] = held(known[each.name], each.generator)
        elif each.name not in known:
            values = _made(each, known, kind, counters, derive_seed(seed, "generator", each.name))
            known[each.name] = pa.chunked_array([with_nulls(values, each, counters, seed=seed)])
    return known


def recomputed(rows: pa.Table, made: Sequence[Made], *, seed: int) -> pa.Table:
    """Whole tables whose columns were changed after they were drawn: with their expressions computed again."""
    expressions = [each for each in made if each.generator.kind == "expression"]
    names = {each.name for each in expressions}
    if not expressions:
        return rows
    columns = {name: rows.column(name) for name in rows.column_names if name not in names}
    whole = complete(columns, expressions, rows.schema, np.arange(rows.num_rows, dtype=np.int64), seed=seed)
    return pa.table([whole[name] for name in rows.column_names], schema=rows.schema)


def with_nulls(values: pa.Array, made: Made, counters: Ints, *, seed: int) -> pa.Array:
    """Values with as many nulls as there shall be. Raises ConfigurationError for a null that may not be."""
    if not made.nullable and values.null_count:
        raise ConfigurationError(
            f"column {made.name}: its {made.generator.kind} gives null in some row, and the column may not be null; "
            "next: use coalesce(…, …)"
        )
    if made.nulls:
        empty = uniforms(counters, seed=derive_seed(seed, "generator", made.name), stream="null") < made.nulls
        values = pc.if_else(pa.array(empty), pa.scalar(None, type=values.type), values)
    return values


def held(column: pa.ChunkedArray, generator: Generator) -> pa.ChunkedArray:
    """A learned column with values outside of the range moved to its nearer end."""
    grid = range_grid({**generator.detail, "step": None}, generator.sql_type)
    ends = np.asarray([grid.start, grid.start + (grid.size - 1) * grid.step], dtype=np.int64)
    low, high = as_values(ends, grid, column.type)
    return pc.min_element_wise(pc.max_element_wise(column, low, skip_nulls=False), high, skip_nulls=False)


def _made(made: Made, known: Columns, kind: pa.DataType, counters: Ints, seed: int) -> pa.Array:
    generator, detail = made.generator, made.generator.detail
    if generator.kind == "expression":
        names = [named(name, known) or name for name in made.uses]
        row = {name: known[name] for name in names}
        return _fitting(evaluate(detail["text"], row, len(counters), generator.sql_type, kind, column=made.name), made)
    if generator.kind in ("choice", "constant"):
        return make_choices(detail, counters, generator.sql_type, kind, seed=seed)
    if generator.kind == "range":
        grid = range_grid(detail, generator.sql_type)
        if generator.unique:
            _refuse_too_many(made.name, counters, grid.size)
        return as_values((grid.spread_apart if generator.unique else grid.spread)(counters, seed=seed), grid, kind)
    if generator.kind == "sequence":
        return counted(made, kind, counters)
    if generator.kind == "faker":
        return pa.array(make_faker(detail, counters, seed=seed, length=generator.length), type=pa.string()).cast(kind)
    pattern = parse_pattern(detail["text"])
    if generator.unique:
        _refuse_too_many(made.name, counters, pattern.distinct)
    return pa.array((pattern.make_distinct if generator.unique else pattern.make)(counters, seed=seed), type=pa.string()).cast(kind)


def _fitting(values: pa.Array, made: Made) -> pa.Array:
    """Values that the warehouse takes. Raises ConfigurationError for a text that is too long."""
    length = made.generator.length
    if length is not None and (pc.max(pc.utf8_length(values)).as_py() or 0) > length:
        raise ConfigurationError(
            f"column {made.name}: its expression gives a text of more than {length} characters in some row; next: use left(…, {length})"
        )
    return values


def counted(made: Made, kind: pa.DataType, numbers: Ints) -> pa.Array:
    """Values of a sequence at these places, counted from 0. Raises ConfigurationError where the type does not reach so far."""
    grid = sequence_grid(made.generator.detail, made.generator.sql_type)
    try:
        if len(numbers) and abs(grid.last(int(numbers.max()) + 1)) >= 2**63:
            raise pa.ArrowInvalid("beyond 64 bits")
        return as_values(grid.counted(numbers), grid, kind)
    except pa.ArrowInvalid:
        raise ConfigurationError(
            f"column {made.name}: its sequence counts {int(numbers.max()) + 1:,} values, more than {made.generator.sql_type} has; "
            "next: another start or step, or fewer rows"
        ) from None


def made_for_all(made: Made, kind: pa.DataType, rows: int, parents: Sequence[pa.ChunkedArray], *, seed: int) -> pa.ChunkedArray:
    """A column made with all rows at hand; `parents` are the columns that a sequence counts within."""
    counters, own = np.arange(rows, dtype=np.int64), derive_seed(seed, "generator", made.name)
    if made.generator.kind == "sequence" and parents:
        values = counted(made, kind, numbers_within(parents))
    elif made.generator.kind == "faker" and made.generator.unique:
        texts = make_distinct_faker(made.generator.detail, rows, seed=own, column=made.name, length=made.generator.length)
        values = pa.array(texts, type=pa.string()).cast(kind)
    else:
        values = _made(made, {}, kind, counters, own)
    return pa.chunked_array([with_nulls(values, made, counters, seed=seed)])


def numbers_within(parents: Sequence[pa.ChunkedArray]) -> Ints:
    """The place of each row among those with the same values here, in the order of the rows; a row with a null is alone."""
    missing = np.logical_or.reduce([column.is_null().to_numpy() for column in parents])
    groups = np.zeros(len(missing), dtype=np.int64)
    for column in parents:
        codes = column.combine_chunks().dictionary_encode().indices.fill_null(0).to_numpy().astype(np.int64)
        groups = np.unique(groups * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)[1].astype(np.int64)
    order = np.argsort(groups[~missing], kind="stable")
    ordered = groups[~missing][order]
    first = np.searchsorted(ordered, ordered, side="left")
    numbers = np.zeros(len(missing), dtype=np.int64)
    numbers[np.flatnonzero(~missing)[order]] = np.arange(len(ordered)) - first
    return numbers


def _refuse_too_many(name: str, counters: Ints, distinct: int) -> None:
    if len(counters) and int(counters.max()) >= distinct:
        raise ConfigurationError(
            f"column {name}: more than {distinct:,} rows, and its generator has only so many different values; "
            "next: widen it, ask for fewer rows, or remove unique"
        )
