"""Generators: what is not modelled is made, by counter."""

import re
import uuid

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.synthesizers.generators import generate

COUNTERS = np.arange(300)
PRESENT = COUNTERS % 3 != 0


def made(kind: str, *, arrow: pa.DataType | None = None, **formats):
    profile = ColumnProfile("c", "T", kind, 300, 0, 300, (), formats)
    return generate(profile, arrow or pa.string(), PRESENT, COUNTERS, seed=1).to_pylist()


def test_codes_follow_their_pattern_and_slots() -> None:
    slots = [{"N": 9, "D": 1}, {}, {"-": 10}, {"7": 5}]
    values = made("code", patterns=[{"pattern": "A9-9", "rows": 10, "slots": slots}])
    assert [value is None for value in values] == (~PRESENT).tolist()
    assert all(re.fullmatch(r"[ND]\d-7", value) for value in values if value)
    assert 0.8 < np.mean([value.startswith("N") for value in values if value]) < 0.97


def test_texts_use_kept_words_alone() -> None:
    values = made("text", words={"red": 3, "fox": 1}, lengths={"2": 1})
    assert {word for value in values if value for word in value.split()} == {"red", "fox"}
    assert {len(value.split()) for value in values if value} == {2}


def test_nothing_learned_still_makes_a_value() -> None:
    assert all(value is None or len(value) == 8 for value in made("code", patterns=[]))
    assert all(value is None or value for value in made("text", words={}, lengths={}))


def test_uuids_are_version_4_and_distinct() -> None:
    values = [value for value in made("uuid") if value]
    assert {uuid.UUID(value).version for value in values} == {4}
    assert len(set(values)) == len(values)


def test_personal_data_is_left_to_the_row() -> None:
    assert set(made("pii", pii="email", locale="en_US")) == {"", None}


@pytest.mark.parametrize(("arrow", "empty"), [(pa.binary(), b""), (pa.list_(pa.int8()), []), (pa.string(), "")])
def test_opaque_kinds_are_empty_values_of_their_type(arrow: pa.DataType, empty: object) -> None:
    assert made("opaque", arrow=arrow)[1] == empty


@pytest.mark.parametrize(("sql_type", "text"), [("INTERVAL", "00:00:00"), ("JSON", "{}"), ("INTERVAL[]", "[]"), ("BLOB", "")])
def test_text_that_must_be_spelled_is_nothing_in_its_own_way(sql_type: str, text: str) -> None:
    profile = ColumnProfile("c", sql_type, "opaque", 300, 0, 300, ())
    assert set(generate(profile, pa.string(), PRESENT, COUNTERS, seed=1).to_pylist()) == {None, text}
