"""New keys: as many different values as were asked for, of the source's type and format."""

import datetime as dt
import decimal
import re
import uuid

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.relations.new_keys import distinct_texts, new_keys


def profiled(values: list, kind: pa.DataType) -> ColumnProfile:
    column = pa.chunked_array([pa.array(values, type=kind)])
    return profile_column(ColumnTask("id", "VARCHAR", kind="code", nullable=False), column, np.arange(len(values)), k=2)


def keys(kind: pa.DataType, rows: int, values: list | None = None) -> list:
    found = new_keys(profiled(values or [], kind), kind, rows, seed=1)
    assert found.type == kind
    assert len(set(found.to_pylist())) == len(found) == rows
    return found.to_pylist()


@pytest.mark.parametrize("kind", [pa.int64(), pa.int8(), pa.uint32(), pa.float64(), pa.decimal128(9, 0)], ids=str)
def test_numbers_count_from_one(kind: pa.DataType) -> None:
    assert [int(key) for key in keys(kind, 5, [70, 80])] == [1, 2, 3, 4, 5]


def test_a_small_type_is_used_to_its_last_value() -> None:
    assert sorted(keys(pa.int8(), 256)) == list(range(-128, 128))
    assert sorted(keys(pa.uint8(), 256)) == list(range(256))


def test_decimals_count_in_their_last_place_where_there_is_none_before() -> None:
    assert keys(pa.decimal128(4, 4), 3) == [decimal.Decimal("0.0001"), decimal.Decimal("0.0002"), decimal.Decimal("0.0003")]
    assert len(keys(pa.decimal128(3, 1), 150)) == 150


@pytest.mark.parametrize(
    ("kind", "rows"), [(pa.int8(), 257), (pa.uint8(), 257), (pa.bool_(), 3), (pa.decimal128(2, 1), 100), (pa.float16(), 3_000)], ids=str
)
def test_more_keys_than_the_type_has_are_refused(kind: pa.DataType, rows: int) -> None:
    with pytest.raises(ConfigurationError, match=f"key id: wanted {rows:,} different values, more than .* next: ask for fewer rows"):
        new_keys(profiled([], kind), kind, rows, seed=1)


def test_days_follow_one_another() -> None:
    days = keys(pa.date32(), 4, [dt.date(2024, 1, day) for day in (1, 2, 3, 4, 5, 6)])
    assert np.diff(np.asarray(days, dtype="datetime64[D]")).astype(int).tolist() == [1, 1, 1]
    assert abs((days[0] - dt.date(2024, 1, 1)).days) < 3


def test_times_are_one_step_apart() -> None:
    start = dt.datetime(2024, 1, 1)
    hourly = keys(pa.timestamp("us"), 50, [start + dt.timedelta(hours=hour) for hour in range(48)])
    assert set(np.diff(np.asarray(hourly)).tolist()) == {dt.timedelta(hours=1)}
    daily = keys(pa.timestamp("us"), 50, [start + dt.timedelta(days=day, hours=5.5) for day in range(48)])
    assert set(np.diff(np.asarray(daily)).tolist()) == {dt.timedelta(days=1)}
    assert {moment.time() for moment in daily} == {dt.time(5, 30)}


def test_times_of_day_stay_inside_the_day() -> None:
    minutes = [dt.time(minute // 60, minute % 60) for minute in range(720, 1_440)]
    assert len(keys(pa.time64("us"), 720, minutes)) == 720
    assert len(keys(pa.time64("us"), 1_441, minutes)) == 1_441


def test_codes_have_the_sources_format() -> None:
    values = keys(pa.string(), 60, [f"N{number}AA" for number in range(100, 200)])
    assert all(re.fullmatch(r"N1\d{2}AA", value) for value in values)


def test_codes_that_run_out_take_letters_that_were_not_seen() -> None:
    values = keys(pa.string(), 300, [f"N{number}AA" for number in range(100, 200)])
    assert all(re.fullmatch(r"[A-Z]\d{3}[A-Z]{2}", value) for value in values)


def test_codes_that_run_out_are_numbered() -> None:
    values = keys(pa.large_string(), 30, ["1", "1", "2", "2"])
    assert set("0123456789") < set(values)
    assert sum(re.fullmatch(r"\d-\d+", value) is not None for value in values) == 20


def test_a_numbered_code_never_meets_one_that_was_there() -> None:
    def repeats(texts: np.ndarray) -> np.ndarray:
        return np.flatnonzero([text in texts[:row].tolist() for row, text in enumerate(texts)])

    texts = np.asarray(["A", "A-1", "A", "A", "A-2"], dtype=object)
    found = distinct_texts(texts, repeats, lambda rows, attempt: np.asarray(["A"] * len(rows), dtype=object))
    assert len(set(found)) == 5
    assert {"A", "A-1", "A-2"} <= set(found)


def test_uuids() -> None:
    values = keys(pa.string(), 200, [str(uuid.UUID(int=number)) for number in range(30)])
    assert {uuid.UUID(value).version for value in values} == {4}


def test_other_types_are_counted_as_text() -> None:
    assert keys(pa.binary(), 3) == [b"1", b"2", b"3"]
    assert keys(pa.bool_(), 2) == [False, True]


@pytest.mark.parametrize(
    "kind", [pa.int32(), pa.string(), pa.date32(), pa.timestamp("us"), pa.time64("us"), pa.bool_(), pa.binary()], ids=str
)
def test_no_rows_no_keys(kind: pa.DataType) -> None:
    assert keys(kind, 0) == []


def test_keys_come_from_the_seed() -> None:
    profile = profiled([f"{number:05}" for number in range(100)], pa.string())
    first, again, other = (new_keys(profile, pa.string(), 50, seed=seed).to_pylist() for seed in (1, 1, 2))
    assert first == again != other
