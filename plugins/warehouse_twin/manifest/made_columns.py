"""Columns that are made and not learned, by `pii` or by a `generator`, checked against the source's catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from warehouse_twin.errors import Fault
from warehouse_twin.generators.generator import Generator, Kind
from warehouse_twin.manifest.foreign_keys import is_text
from warehouse_twin.manifest.generators import GeneratorSpec
from warehouse_twin.manifest.made_expressions import circle_faults, expression_faults
from warehouse_twin.manifest.made_table import MadeTable
from warehouse_twin.manifest.model import ColumnSpec, TableSpec
from warehouse_twin.manifest.names import shown, unknown
from warehouse_twin.manifest.positions import Steps
from warehouse_twin.warehouses.catalog import Column, Table

_ARGUMENT_TYPES = {str: "text", int: "a whole number", bool: "true or false"}


def made_faults(made: MadeTable) -> Iterator[Fault]:
    """Faults of the columns of one table that have a `pii` or a `generator`."""
    for column, said in made.spec.columns.items():
        if column not in made.table.column_names:
            continue
        if said.pii is not None:
            yield from _personal(made, column, said)
        if said.generator is not None:
            yield from _generator(made, column, said, said.generator)
    yield from circle_faults(made)


def resolved_generators(spec: TableSpec, table: Table, primary: Sequence[str]) -> dict[str, Generator]:
    """The generators of a table that was found without fault, by column."""
    alone = _alone(table, primary)
    return {
        column: _resolved(said, said.generator, table.column(column), alone=column in alone)
        for column, said in spec.columns.items()
        if said.generator is not None
    }


def _alone(table: Table, primary: Sequence[str]) -> set[str]:
    """The columns that are unique each by itself, as the primary key or by a constraint."""
    keys = [tuple(primary), *(each.columns for each in table.constraints if each.kind == "UNIQUE")]
    return {columns[0] for columns in keys if len(columns) == 1}


def _resolved(said: ColumnSpec, generator: GeneratorSpec, column: Column, *, alone: bool) -> Generator:
    """`alone`: the column is unique without a word."""
    from warehouse_twin.generators.expressions import duckdb_type
    from warehouse_twin.generators.sql_types import length_of

    kind: Kind = generator.rule  # type: ignore[assignment]
    unique = generator.unique or (alone and kind in ("faker", "range", "pattern"))
    length = length_of(column.native_type)
    return Generator(kind, _detail(said, generator), duckdb_type(column.sql_type), unique, generator.nulls, length)


def _detail(said: ColumnSpec, generator: GeneratorSpec) -> dict[str, Any]:
    """What a rule says, as JSON, short forms written out."""
    if generator.faker is not None:
        return {"provider": generator.faker, "arguments": dict(generator.arguments), "locale": said.locale}
    if generator.range is not None:
        return generator.range.model_dump(mode="json", by_alias=True)
    if generator.sequence is not None:
        return {**generator.sequence.model_dump(mode="json"), "per": list(generator.sequence.per or ())}
    if generator.pattern is not None or generator.expression is not None:
        return {"text": generator.pattern if generator.pattern is not None else generator.expression}
    weights = _weights(generator)
    return {"values": list(weights), "weights": list(weights.values())}


def _weights(generator: GeneratorSpec) -> dict[str, float]:
    """The values of a choice or a constant as text, and how often each is wanted."""
    if generator.choice is None:
        return {_text(generator.constant): 1.0}
    if isinstance(generator.choice, dict):
        return {name: float(weight) for name, weight in generator.choice.items()}
    weights: dict[str, float] = {}
    for value in generator.choice:
        weights[_text(value)] = weights.get(_text(value), 0.0) + 1.0
    return weights


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# ── the checks ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _personal(made: MadeTable, column: str, said: ColumnSpec) -> Iterator[Fault]:
    path, sql_type = made.path(column, "pii"), made.table.column(column).sql_type
    if column in made.primary or column in made.keyed:
        yield made.fault(path, f"column {column} is part of a key, and keys are drawn anew anyway; remove pii")
    elif not is_text(sql_type):
        yield made.fault(path, f"column {column} is {sql_type}; wanted a text column, as {said.pii} is drawn as text")
    yield from _locale(made, column, said.locale)


def _locale(made: MadeTable, column: str, locale: str) -> Iterator[Fault]:
    from faker.config import AVAILABLE_LOCALES  # heavy, and wanted only where values are made up

    if locale not in AVAILABLE_LOCALES:
        yield made.fault(made.path(column, "locale"), unknown("locale", locale, sorted(AVAILABLE_LOCALES)))


def _generator(made: MadeTable, column: str, said: ColumnSpec, generator: GeneratorSpec) -> Iterator[Fault]:
    from warehouse_twin.generators.expressions import ExpressionError, duckdb_type

    path = made.path(column, "generator")
    if column in made.keyed:
        yield made.fault(path, f"column {column} is part of a foreign key, and takes the values that its parent has; remove generator")
        return
    if column == made.spec.order_by or (made.spec.validity and column in (made.spec.validity.from_, made.spec.validity.to)):
        yield made.fault(path, f"column {column} orders the rows of a parent, and is drawn as a sequence of times; remove generator")
        return
    if column in made.spec.shares:
        yield made.fault(path, f"column {column} has shares under rebalance; wanted one of the two")
    try:
        sql_type = duckdb_type(made.table.column(column).sql_type)
    except ExpressionError as error:
        yield made.fault(path, f"column {column}: {error}; remove generator")
        return
    yield from _key(made, column, generator)
    if generator.nulls and (column in made.primary or not made.table.column(column).nullable):
        yield made.fault((*path, "nulls"), f"column {column} may not be null; remove nulls")
    yield from _CHECKS[generator.rule](made, column, said, generator, sql_type)


def _key(made: MadeTable, column: str, generator: GeneratorSpec) -> Iterator[Fault]:
    """Unique where it must be, and where it is said to be."""
    path, rule = made.path(column, "generator"), generator.rule
    per = generator.sequence.per if generator.sequence is not None else None
    able = rule in ("faker", "range", "pattern", "sequence") and not generator.learned
    if generator.unique and (not able or per):
        what = "sequence per parent" if per else "learned range" if generator.learned else rule
        yield made.fault((*path, "unique"), f"a {what} may repeat a value; wanted a faker, a range, a pattern or a sequence without per")
    if column not in made.primary:
        if column in _alone(made.table, ()) and (not able or per):
            yield made.fault((*path, rule), f"column {column} has a UNIQUE constraint; wanted a sequence, or a unique rule")
        return
    others = set(made.primary) - {column}
    counted = rule == "sequence" and (not per or set(per) <= others)
    if not able or not (counted or generator.unique or (not others and not per)):
        wanted = "a sequence per other columns of the key, or a rule with unique: true" if others else "a sequence, or a unique rule"
        yield made.fault((*path, rule), f"column {column} is part of the primary key ({', '.join(made.primary)}); wanted {wanted}")


def _faker(made: MadeTable, column: str, said: ColumnSpec, generator: GeneratorSpec, sql_type: str) -> Iterator[Fault]:
    from warehouse_twin.generators.fakers import LISTED, has_provider
    from warehouse_twin.generators.sql_types import family_of

    path, provider = made.path(column, "generator"), generator.faker or ""
    wrong = list(_locale(made, column, said.locale))
    yield from wrong
    if family_of(sql_type) != "text" and not (sql_type == "UUID" and provider == "uuid4"):
        yield made.fault((*path, "faker"), f"column {column} is {sql_type}; wanted a text column, as {shown(provider)} gives text")
    if provider not in LISTED:
        yield made.fault((*path, "faker"), unknown("provider", provider, sorted(LISTED)) + " (docs/manifest.md lists all)")
    elif not wrong and not has_provider(provider, said.locale):
        yield made.fault((*path, "faker"), f"Faker has no {provider} in {said.locale}; wanted another provider or locale")
    elif not wrong:
        yield from _arguments(made, (*path, "arguments"), provider, generator.arguments, said.locale)


def _arguments(made: MadeTable, path: Steps, provider: str, arguments: Mapping[str, Any], locale: str) -> Iterator[Fault]:
    from warehouse_twin.generators.fakers import MOST, accepted_arguments, trial

    accepted, faults = accepted_arguments(provider, locale), []
    for name, value in arguments.items():
        wanted = accepted.get(name)
        if wanted is None:
            faults.append(made.fault((*path, name), unknown("argument", name, tuple(accepted)) + f" (of {provider})", at_key=True))
        elif not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            faults.append(made.fault((*path, name), f"got {shown(value)}, wanted {_ARGUMENT_TYPES[wanted]}"))
        elif wanted is int and not 1 <= int(str(value)) <= MOST:
            faults.append(made.fault((*path, name), f"got {value}, wanted 1 to {MOST:,}"))
    problem = trial({"provider": provider, "arguments": arguments, "locale": locale}) if arguments and not faults else ""
    yield from faults
    if problem:
        yield made.fault(path, f"Faker's {provider} cannot be called so: {problem}")


def _range(made: MadeTable, column: str, said: ColumnSpec, generator: GeneratorSpec, sql_type: str) -> Iterator[Fault]:
    from warehouse_twin.generators.grids import GridError, range_grid

    path = made.path(column, "generator", "range")
    wrong = list(_spaced(made, path, column, sql_type))
    yield from wrong
    if wrong:
        return
    try:
        grid = range_grid(_detail(said, generator), sql_type)
    except GridError as error:
        yield made.fault(path, f"column {column}: {error}")
        return
    if generator.learned and (generator.nulls is not None or (generator.range and generator.range.step is not None)):
        yield made.fault(path, "a learned range keeps the source's nulls and steps; remove nulls and step, or distribution")
    if grid.smooth and (generator.unique or column in _alone(made.table, made.primary)):
        yield made.fault(path, f"column {column} is {sql_type}; wanted a step, so that no value stands twice")


def _sequence(made: MadeTable, column: str, said: ColumnSpec, generator: GeneratorSpec, sql_type: str) -> Iterator[Fault]:
    from warehouse_twin.generators.grids import GridError, sequence_grid

    path = made.path(column, "generator", "sequence")
    wrong = list(_spaced(made, path, column, sql_type))
    yield from wrong
    if not wrong:
        try:
            sequence_grid(_detail(said, generator), sql_type)
        except GridError as error:
            yield made.fault(path, f"column {column}: {error}")
    own = made.table.name if column in made.primary else ""  # the key to the table itself comes after the primary key
    at_hand = {name for key in made.foreign if key.references in made.earlier and key.references != own for name in key.columns}
    for index, name in enumerate((generator.sequence and generator.sequence.per) or ()):
        if name not in made.table.column_names:
            yield made.fault((*path, "per", index), f"{unknown('column', name, made.table.column_names)} (of {made.table.name})")
        elif name not in at_hand:
            what = f"column {name} is in no foreign key to a synthesized table that is drawn before {made.table.name}"
            yield made.fault((*path, "per", index), f"{what}; wanted one that says whose row it is")


def _spaced(made: MadeTable, path: Steps, column: str, sql_type: str) -> Iterator[Fault]:
    from warehouse_twin.generators.grids import SPACED
    from warehouse_twin.generators.sql_types import family_of

    if family_of(sql_type) not in SPACED:
        yield made.fault(path, f"column {column} is {sql_type}; wanted a number, a date, a timestamp or a time")


def _pattern(made: MadeTable, column: str, said: ColumnSpec, generator: GeneratorSpec, sql_type: str) -> Iterator[Fault]:
    from warehouse_twin.generators.pattern_parsing import parse_pattern
    from warehouse_twin.generators.sql_types import family_of, length_of

    path = made.path(column, "generator", "pattern")
    if family_of(sql_type) != "text":
        yield made.fault(path, f"column {column} is {sql_type}; wanted a text column")
    longest, length = parse_pattern(generator.pattern or "").longest, length_of(made.table.column(column).native_type)
    if length is not None and longest > length:
        yield made.fault(path, f"this makes up to {longest} characters, and column {column} is {made.table.column(column).native_type}")
    alone = _alone(made.table, made.primary)
    if (generator.unique or column in alone) and not parse_pattern(generator.pattern or "").distinct:
        message = "values must be unique, and this pattern may write one in several ways; wanted fixed counts and plain alternatives"
        yield made.fault(path, message)


def _values(made: MadeTable, column: str, said: ColumnSpec, generator: GeneratorSpec, sql_type: str) -> Iterator[Fault]:
    """Of a choice or a constant."""
    from warehouse_twin.generators.expressions import castable
    from warehouse_twin.generators.sql_types import length_of

    texts, native = list(_weights(generator)), made.table.column(column).native_type
    longest = length_of(native) or max(map(len, texts))
    fitting = [good and len(text) <= longest for text, good in zip(texts, castable(texts, sql_type), strict=True)]
    if not all(fitting):
        got = ", ".join([shown(text) for text, good in zip(texts, fitting, strict=True) if not good][:5])
        yield made.fault(made.path(column, "generator", generator.rule), f"column {column} is {native or sql_type}, which {got} is not")


_CHECKS = {
    "faker": _faker,
    "range": _range,
    "pattern": _pattern,
    "sequence": _sequence,
    "choice": _values,
    "constant": _values,
    "expression": expression_faults,
}
