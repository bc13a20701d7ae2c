"""The profile of a column: its kind, what is kept, what is protected."""

import datetime as dt
import decimal
import uuid

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.profiling.columns import ColumnTask, common_values, profile_column
from warehouse_twin.profiling.values import from_parts, part_names, step_of, to_parts


def profile(values: list, *, kind: pa.DataType | None = None, k: int = 2, **task):
    column = pa.chunked_array([pa.array(values, type=kind)])
    return profile_column(ColumnTask("c", "T", **task), column, np.arange(len(values)), k=k)


def test_numbers_keep_their_granularity_and_nulls() -> None:
    found = profile([1.25, 1.25, 2.5, 2.5, None])
    assert found.kind == "numeric"
    assert found.nulls == 1
    assert found.distinct == 2
    assert found.parts[0].step == 0.01


def test_a_timestamp_is_a_day_and_a_time_of_day() -> None:
    found = profile([dt.datetime(2024, 3, 1, 6), dt.datetime(2024, 3, 1, 6), dt.datetime(2024, 3, 2, 12), dt.datetime(2024, 3, 2, 12)])
    assert [part.kind for part in found.parts] == ["day", "time"]
    assert found.parts[1].step == 6 * 3600e6


def test_a_category_that_fewer_than_k_entities_hold_is_protected() -> None:
    found = profile(["a"] * 9 + ["secret"])
    assert found.kind == "categorical"
    assert found.parts[0].values == ("a",)
    assert found.parts[0].protected == 1


def test_k_counts_entities_and_not_rows() -> None:
    values = pa.chunked_array([pa.array(["x"] * 50 + ["y", "y"])])
    entities = np.asarray([7] * 50 + [1, 2])
    assert common_values(values, entities, k=2)[0] == ["y"]


def test_a_public_domain_is_kept_whole_and_nothing_else() -> None:
    found = profile(["A", "B", "B", "X", "X"], domain={"A", "B"})
    assert found.parts[0].values == ("B", "A")
    assert found.parts[0].protected == 2


def test_codes_texts_uuids_and_personal_data_are_told_apart() -> None:
    codes = [f"AB-{number:05d}" for number in range(40)]
    assert profile(codes).kind == "code"
    assert [pattern["pattern"] for pattern in profile(codes).formats["patterns"]] == ["AA-99999"]
    assert profile([f"the {number} quick fox" for number in range(40)]).kind == "text"
    assert profile([str(uuid.UUID(int=number)) for number in range(40)]).kind == "uuid"
    assert profile(["Ada Lovelace", "Alan Turing"], pii=("name", "en_US")).kind == "pii"
    assert profile([b"x", b"y"]).kind == "opaque"


def test_no_value_of_personal_data_is_in_its_profile() -> None:
    assert "Lovelace" not in str(profile(["Ada Lovelace"] * 50, pii=("name", "en_US")))


def test_words_and_patterns_of_few_are_not_kept() -> None:
    found = profile(["call me now"] * 5 + ["my password is hunter2"], kind=pa.string(), k=3, **{})
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, -5, None, 2**31 - 1], type=pa.int32()),
        pa.array([1.5, None, -2.25]),
        pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("-20.05")], type=pa.decimal128(10, 2)),
        pa.array([dt.date(1899, 12, 31), None, dt.date(9999, 12, 31)]),
        pa.array([dt.datetime(2013, 1, 1, 5, 30), None], type=pa.timestamp("us")),
        pa.array([dt.datetime(2013, 1, 1, 5, 30), None], type=pa.timestamp("us", tz="UTC")),
        pa.array([dt.time(23, 59, 59), None]),
        pa.array([], type=pa.int64()),
    ],
    ids=lambda values: str(values.type),
)
def test_numbers_come_back_as_they_were(values: pa.Array) -> None:
    assert from_parts(to_parts(pa.chunked_array([values])), values.type).equals(values)


def test_infinities_and_nan_count_as_missing() -> None:
    (numbers,) = to_parts(pa.chunked_array([pa.array([1.0, float("nan"), float("inf")])]))
    assert np.isnan(numbers).tolist() == [False, True, True]


def test_values_are_clamped_into_their_type() -> None:
    assert from_parts((np.asarray([400.0, -400.0]),), pa.int8()).to_pylist() == [127, -128]
    assert from_parts((np.asarray([-3.0]),), pa.uint16()).to_pylist() == [0]


def test_steps() -> None:
    assert step_of(np.asarray([10.0, 25.0, 40.0]), "number") == 5.0
    assert step_of(np.asarray([0.5, 0.25]), "number") == 0.01
    assert step_of(np.asarray([np.pi, np.e]), "number") == 0.0
    assert step_of(np.asarray([]), "number") == 0.0


def test_kinds_without_parts() -> None:
    assert part_names(pa.string()) == ()
    assert part_names(pa.list_(pa.int8())) == ()
