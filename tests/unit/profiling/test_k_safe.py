"""For random tables: what fewer than k entities hold is in no profile and in no model, and what it was makes no difference to them."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tripwire import Tripwire, Value
from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.pairs import pair_statistics
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.sequential import INDEPENDENT, TREE

K, ENTITIES = 5, 90
SOME = settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Kind:
    """A kind of column: its Arrow and SQL type, what people have, and two values that somebody may have alone.

    `wrapped` puts such a value where it goes: into a list, a struct, the middle of a text.
    """

    arrow: pa.DataType
    sql_type: str
    usual: st.SearchStrategy[Any]
    odd: tuple[Value, Value]
    wrapped: Callable[[Any], Any] = lambda value: value


LETTERS = "abcdefghij"
DAYS = st.integers(0, 3_000).map(lambda day: dt.date(2015, 1, 1) + dt.timedelta(day))
KINDS = {
    "category": Kind(pa.string(), "VARCHAR", st.sampled_from(LETTERS[:4]), ("zqxa-unheard", "zqxb-unknown")),
    "code": Kind(pa.string(), "VARCHAR", st.integers(0, 99_999).map("X-{:05}".format), ("zqxa//7351946", "zqxb//1618033")),
    "text": Kind(
        pa.string(),
        "VARCHAR",
        st.lists(st.sampled_from(["he", "came", "by", "train", "again"]), min_size=2, max_size=5).map(" ".join),
        ("zqxaward", "zqxbward"),
        lambda word: f"he came by {word} again",
    ),
    "whole": Kind(pa.int64(), "BIGINT", st.integers(-50, 50), (735_194_620_817, 9_618_033_988_749)),
    "nothing but one": Kind(pa.int64(), "BIGINT", st.just(0), (735_194_620_817, 9_618_033_988_749)),
    "round": Kind(pa.int64(), "BIGINT", st.integers(1, 9).map(lambda n: 1_000 * n), (735_194_620_817, 9_618_033_988_749)),
    "float": Kind(pa.float64(), "DOUBLE", st.floats(0, 100), (7_351_946_208.173_5, 96_180_339_887.498)),
    "decimal": Kind(
        pa.decimal128(16, 2),
        "DECIMAL(16, 2)",
        st.integers(0, 99_999).map(lambda n: Decimal(n) / 100),
        (Decimal("73519462081.37"), Decimal("961803398874.98")),
    ),
    "day": Kind(pa.date32(), "DATE", DAYS, (dt.date(1703, 7, 19), dt.date(1611, 11, 23))),
    "midnight": Kind(
        pa.timestamp("us"),
        "TIMESTAMP",
        DAYS.map(lambda day: dt.datetime(day.year, day.month, day.day)),
        (dt.datetime(2016, 5, 4, 13, 37, 11, 259_317), dt.datetime(2016, 5, 4, 7, 41, 53, 814_229)),
    ),
    "list": Kind(
        pa.list_(pa.string()),
        "VARCHAR[]",
        st.lists(st.sampled_from(LETTERS[:3]), max_size=2),
        ("zqxa-listed", "zqxb-listed"),
        lambda word: ["a", word],
    ),
    "struct": Kind(
        pa.struct([("word", pa.string()), ("number", pa.int64())]),
        "STRUCT(word VARCHAR, number BIGINT)",
        st.builds(lambda word, number: {"word": word, "number": number}, st.sampled_from("ab"), st.integers(0, 9)),
        ("zqxa-inside", "zqxb-inside"),
        lambda word: {"word": word, "number": 3},
    ),
    "json": Kind(
        pa.string(),
        "JSON",
        st.integers(0, 9).map(lambda size: json.dumps({"size": size})),
        ("zqxa-keyed", "zqxb-keyed"),
        lambda word: json.dumps({"size": 3, word: word}),
    ),
}
AVERAGED = ("whole", "nothing but one", "round", "float", "decimal", "day")
"""Kinds whose rare values are told as means: one that lies far beyond all others is the same wherever it lies."""


@st.composite
def columns(draw: st.DrawFn, kind: Kind, *, most: int = K - 1) -> tuple[list[Any], np.ndarray, list[int]]:
    """Values, whose they are, and the rows of at most so many entities that have the odd value."""
    entities = np.repeat(np.arange(ENTITIES), 2 if draw(st.booleans()) else 1)
    values = draw(st.lists(kind.usual, min_size=len(entities), max_size=len(entities)))
    people = draw(st.lists(st.integers(0, ENTITIES - 1), min_size=1, max_size=most, unique=True))
    return values, entities, [int(np.flatnonzero(entities == person)[0]) for person in people]


def with_odd(values: list[Any], rows: list[int], odd: Any) -> list[Any]:
    return [odd if row in rows else value for row, value in enumerate(values)]


def profiled(kind: Kind, values: list[Any], entities: np.ndarray) -> TableProfile:
    """The profile of a table of that column, and of one that everybody has something in."""
    table = table_of(kind, values)
    found = tuple(
        profile_column(ColumnTask(name, sql_type), table.column(name), entities, k=K)
        for name, sql_type in (("held", kind.sql_type), ("side", "VARCHAR"))
    )
    pairs = tuple(pair_statistics({name: table.column(name) for name in table.column_names}))
    return TableProfile("t", K, len(values), 0, ENTITIES, 0, found, pairs=pairs)


def table_of(kind: Kind, values: list[Any]) -> pa.Table:
    held = pa.chunked_array([pa.array(values, type=kind.arrow)])
    return pa.table({"held": held, "side": pa.chunked_array([pa.array(["l" if row % 3 else "r" for row in range(len(values))])])})


def written(profile: TableProfile) -> str:
    return json.dumps(asdict(profile), sort_keys=True, default=str)


@pytest.mark.parametrize("name", KINDS)
def test_no_profile_and_no_model_holds_a_value_of_fewer_than_k(name: str) -> None:
    kind = KINDS[name]
    tripwire = Tripwire({"odd": kind.odd[0]})

    @SOME
    @given(column=columns(kind))
    def nothing_is_found(column: tuple[list[Any], np.ndarray, list[int]]) -> None:
        values, entities, rows = column
        values = with_odd(values, rows, kind.wrapped(kind.odd[0]))
        profile = profiled(kind, values, entities)
        assert tripwire.names_in(written(profile).encode()) == []
        for synthesizer in (TREE, INDEPENDENT):
            with tempfile.TemporaryDirectory() as folder:
                model = synthesizer.fit(table_of(kind, values), profile, given=(), parameters={"leaf_rows": K}, seed=1)
                model.save(Path(folder))
                assert tripwire.search(Path(folder)) == []
                drawn = model.sample(200, seed=2).column("held").to_pylist()
            assert tripwire.names_in(str([str(value) for value in drawn]).encode()) == []

    nothing_is_found()


@pytest.mark.parametrize("name", KINDS)
def test_what_one_entity_alone_has_makes_no_difference(name: str) -> None:
    """Two values that nobody else has, one in the place of the other: the same profile, to the byte. So nothing of it can be told."""
    kind = KINDS[name]

    @SOME
    @given(column=columns(kind, most=1))
    def the_same_profile(column: tuple[list[Any], np.ndarray, list[int]]) -> None:
        values, entities, rows = column
        one, other = (profiled(kind, with_odd(values, rows, kind.wrapped(odd)), entities) for odd in kind.odd)
        assert written(one) == written(other)

    the_same_profile()
