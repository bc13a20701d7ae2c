"""Digests: the same for the same rows whatever their layout, another for any other row."""

import datetime as dt
import decimal

import pyarrow as pa
import pytest

from warehouse_twin.digests import digest_file, digest_folder, digest_of, digest_table, keyed

ROWS = pa.table(
    {
        "id": pa.array([2, 1, 3], type=pa.int32()),
        "s": ["b", None, ""],
        "d": pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("2.00")], type=pa.decimal128(10, 2)),
        "t": pa.array([dt.datetime(2020, 1, 1), None, dt.datetime(2021, 1, 1)], type=pa.timestamp("us", tz="UTC")),
        "f": [1.5, float("nan"), None],
        "b": [True, None, False],
        "l": [[1], None, []],
        "x": [b"\x00", None, b""],
    }
)


def test_layout_does_not_matter() -> None:
    shuffled = pa.concat_tables([ROWS.slice(2), ROWS.slice(0, 2)])
    assert digest_table(shuffled, keys=["id"]) == digest_table(ROWS, keys=["id"])
    wide = ROWS.set_column(1, "s", ROWS.column("s").cast(pa.large_string()).dictionary_encode())
    assert digest_table(wide, keys=["id"]) == digest_table(ROWS, keys=["id"])


def test_without_a_key_rows_are_sorted_by_all_columns() -> None:
    assert digest_table(ROWS.take([2, 0, 1])) == digest_table(ROWS)


@pytest.mark.parametrize(
    "changed",
    [
        ROWS.set_column(1, "s", pa.array(["b", "", ""])),
        ROWS.set_column(0, "id", pa.array([2, 1, 4], type=pa.int32())),
        ROWS.set_column(0, "id", ROWS.column("id").cast(pa.int64())),
        ROWS.set_column(5, "b", pa.array([True, False, False])),
        ROWS.set_column(6, "l", pa.array([[2], None, []])),
        ROWS.rename_columns(["id", "s", "d", "t", "f", "b", "l", "y"]),
        ROWS.slice(0, 2),
    ],
)
def test_any_change_of_a_value_a_null_a_type_or_a_name_shows(changed: pa.Table) -> None:
    assert digest_table(changed, keys=["id"]) != digest_table(ROWS, keys=["id"])


def test_text_cannot_move_between_rows_unseen() -> None:
    assert digest_table(pa.table({"s": ["ab", "c"]})) != digest_table(pa.table({"s": ["a", "bc"]}))


def test_an_empty_table_has_a_digest() -> None:
    assert len(digest_table(ROWS.slice(0, 0), keys=["id"])) == 64


def test_files_and_folders(tmp_path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "f").write_text("x")
    assert digest_folder(tmp_path) == {"a/f": digest_file(tmp_path / "a" / "f")}
    assert digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1})


def test_a_keyed_digest_needs_the_secret() -> None:
    assert keyed("d", secret=b"1") != keyed("d", secret=b"2") != "d"


def test_nanoseconds_count_and_the_unit_of_a_file_does_not() -> None:
    fine = pa.table({"t": pa.array([1_600_000_000_000_001_001], type=pa.timestamp("ns"))})
    coarse = pa.table({"t": pa.array([1_600_000_000_000_001_000], type=pa.timestamp("ns"))})
    assert digest_table(fine) != digest_table(coarse) == digest_table(coarse.cast(pa.schema({"t": pa.timestamp("us")})))
    clock = pa.table({"t": pa.array([1_000, 2_001], type=pa.time64("ns"))})
    assert digest_table(clock) != digest_table(clock.slice(0, 1)) == digest_table(clock.slice(0, 1).cast(pa.schema({"t": pa.time64("us")})))
