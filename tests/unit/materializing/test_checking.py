from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from warehouse_twin.errors import TerminalError
from warehouse_twin.manifest.resolved import Column, ResolvedTwin, Table
from warehouse_twin.materializing.checking import check_synthesized

Make = Callable[..., ResolvedTwin]


def _check(make_twin: Make, folder: Path, sql_type: str, query: str) -> dict[str, int]:
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({query}) TO '{folder / 'two words.parquet'}'")
    twin = make_twin(Table("two words", (Column("x", sql_type, nullable=True),)))
    return check_synthesized(twin, release=2, synthesized=folder)


def test_rows_are_counted(make_twin: Make, hostile: ResolvedTwin, synthesized: Path, tmp_path: Path) -> None:
    assert list(check_synthesized(hostile, release=2, synthesized=synthesized).values()) == [2, 3, 3]
    assert _check(make_twin, tmp_path, "INTEGER", "SELECT 1 AS x WHERE false") == {"two words": 0}


@pytest.mark.parametrize(
    ("sql_type", "value"),
    [("INTEGER", "2.0::DOUBLE"), ("ENUM('a')", "'a'"), ("DECIMAL(9,2)", "1.5::DECIMAL(4,1)"), ("TIMESTAMP_S", "TIMESTAMP '2024-01-01'")],
)
def test_another_type_that_loses_nothing_is_fine(make_twin: Make, tmp_path: Path, sql_type: str, value: str) -> None:
    assert _check(make_twin, tmp_path, sql_type, f"SELECT {value} AS x UNION ALL SELECT NULL") == {"two words": 2}


@pytest.mark.parametrize(
    ("sql_type", "value"),
    [
        *(("INTEGER", "4711.5::DOUBLE"), ("TINYINT", "4711"), ("DECIMAL(4,1)", "4711.11::DECIMAL(9,2)"), ("DECIMAL(3,1)", "4711::BIGINT")),
        *(("DATE", "TIMESTAMP '4711-01-01 00:00:01'"), ("ENUM('a')", "'4711'"), ("BOOLEAN", "4711")),
    ],
)
def test_a_value_the_cast_would_change_is_an_error_that_does_not_show_it(
    make_twin: Make, tmp_path: Path, sql_type: str, value: str
) -> None:
    with pytest.raises(TerminalError, match=r"hostile@2: table 'two words', column 'x': 1 values .* next: twin synthesize") as caught:
        _check(make_twin, tmp_path, sql_type, f"SELECT {value} AS x")
    assert "4711" not in str(caught.value)


def test_a_missing_file_names_the_table(make_twin: Make, tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match=r"hostile@2: table 'gone': got no file 'gone.parquet'; wanted one per table"):
        check_synthesized(make_twin(Table("gone", (Column("x", "INTEGER", nullable=True),))), release=2, synthesized=tmp_path)


@pytest.mark.parametrize("columns", ["1 AS x, 2 AS __entity", "1 AS X", "1 AS y"])
def test_other_columns_are_an_error(make_twin: Make, tmp_path: Path, columns: str) -> None:
    with pytest.raises(TerminalError, match=r"table 'two words': got columns .*; wanted x;"):
        _check(make_twin, tmp_path, "INTEGER", f"SELECT {columns}")
