"""Equal values are equal whatever their Arrow type, and what is missing is missing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.errors import TerminalError
from warehouse_twin.metrics.columns import decode, joint_codes, kind_of, modelled_kind, row_hashes


def column(values: list[object], kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type=kind)])


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (pa.int8(), "numeric"),
        (pa.uint64(), "numeric"),
        (pa.decimal128(10, 2), "numeric"),
        (pa.date32(), "datetime"),
        (pa.time64("us"), "datetime"),
        (pa.timestamp("ns", tz="America/New_York"), "datetime"),
        (pa.duration("s"), "datetime"),
        (pa.bool_(), "categorical"),
        (pa.string_view(), "categorical"),
        (pa.dictionary(pa.int32(), pa.string()), "categorical"),
        (pa.binary(), "opaque"),
        (pa.list_(pa.int64()), "opaque"),
    ],
)
def test_the_kind_follows_from_the_type(kind: pa.DataType, wanted: str) -> None:
    assert kind_of(kind) == wanted


def test_a_number_may_be_declared_a_category_and_a_list_never() -> None:
    assert modelled_kind(pa.int64(), "categorical") == "categorical"
    assert modelled_kind(pa.int64(), None) == "numeric"
    assert modelled_kind(pa.string(), "numeric") == "categorical"
    assert modelled_kind(pa.list_(pa.int64()), "categorical") == "opaque"


def test_nan_is_missing_and_minus_zero_is_zero() -> None:
    values = decode(column([1.5, float("nan"), None, -0.0]), "numeric", name="x")
    assert values.missing.tolist() == [False, True, True, False]
    assert not np.signbit(values.data[3])


def test_datetimes_are_microseconds_whatever_their_unit() -> None:
    moment = dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC)
    for kind in (pa.timestamp("s", tz="UTC"), pa.timestamp("ns", tz="America/New_York"), pa.timestamp("us", tz="UTC")):
        assert decode(column([moment], kind), "datetime", name="x").data.tolist() == [1_357_016_400_000_000]
    assert decode(column([dt.date(1970, 1, 2)]), "datetime", name="x").data.tolist() == [86_400_000_000]
    assert decode(column([dt.time(0, 0, 1)]), "datetime", name="x").data.tolist() == [1_000_000]


def test_a_column_of_nulls_without_type_is_whatever_is_wanted() -> None:
    for kind in ("numeric", "datetime", "categorical", "opaque"):
        assert decode(column([None, None]), kind, name="x").missing.tolist() == [True, True]


def test_a_column_of_another_kind_is_refused_by_name_and_type() -> None:
    with pytest.raises(TerminalError, match="column fare: wanted numeric values as in the source, got type string"):
        decode(column(["12"]), "numeric", name="fare")


def test_columns_without_rows_or_chunks_decode() -> None:
    assert len(decode(pa.chunked_array([], type=pa.int64()), "numeric", name="x")) == 0


def test_equal_values_of_several_types_have_equal_codes() -> None:
    one, other = joint_codes([column([1, 2, None], pa.int32()), column([2.0, 3.5, 1.0], pa.float64())], name="x")
    assert one[2] == 0
    assert one[0] == other[2]
    assert one[1] == other[0]
    assert other[1] not in one


def test_decimals_are_compared_exactly_across_scales() -> None:
    one, other = joint_codes(
        [column([Decimal("1.10"), Decimal("1.11")], pa.decimal128(10, 2)), column([Decimal("1.100")], pa.decimal128(12, 3))], name="x"
    )
    assert one[0] == other[0] != one[1]


def test_nested_values_are_compared_by_presence() -> None:
    (codes,) = joint_codes([column([[1], None, [2]])], name="x")
    assert codes.tolist() == [1, 0, 1]


def test_rows_are_equal_when_all_columns_are_and_nulls_are_equal() -> None:
    one = pa.table({"a": [1, 1, None], "b": ["x", "y", "x"]})
    other = pa.table({"b": pa.array(["y", "x"]).dictionary_encode(), "a": pa.array([1, None], pa.int64())})
    mine, theirs = row_hashes([one, other], [["a", "b"], ["a", "b"]])
    assert theirs.tolist() == [mine[1], mine[2]]
    assert len(set(mine.tolist())) == 3


def test_rows_that_differ_have_other_hashes_whatever_the_order_of_their_values() -> None:
    draw = np.random.default_rng(2)
    rows = pa.table({name: draw.integers(0, 40, 3_000) for name in ("a", "b")})
    rows = rows.append_column("c", rows["a"].cast(pa.decimal128(22, 2))).append_column("d", rows["b"].cast(pa.string()))
    kinds = rows.to_pandas().drop_duplicates()
    for columns in (["a", "b"], ["c", "b"], ["a", "d"], ["c", "d"], ["a", "b", "c", "d"]):
        (hashes,) = row_hashes([rows], [columns])
        assert len(np.unique(hashes)) == len(kinds)


def test_missing_values_and_slices_of_decimals_are_told_apart() -> None:
    values = pa.chunked_array([pa.array([None, "1.50", "-1.50", "1.50", "0.00"], pa.string()).cast(pa.decimal128(9, 2))])
    whole, part = row_hashes([pa.table({"a": values}), pa.table({"a": values.slice(1)})], [["a"], ["a"]])
    assert whole[1:].tolist() == part.tolist()
    assert len(set(whole.tolist())) == 4
