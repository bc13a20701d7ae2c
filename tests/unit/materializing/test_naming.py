from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.resolved import Column, ResolvedTwin, Table
from warehouse_twin.materializing.naming import model_names, refuse_unquotable, scan, table_comment, verbatim

Make = Callable[..., ResolvedTwin]


def _table(name: str, column: str = "id") -> Table:
    return Table(name, (Column(column, "INTEGER", nullable=False),))


def test_a_plain_name_is_its_own_model_and_any_other_gets_a_safe_one(make_twin: Make) -> None:
    names = model_names(make_twin(*(_table(name) for name in ("order", "Mixed Case", "ünï", "9lives", "日本"))))
    assert names["order"] == "order"
    assert names["Mixed Case"].startswith("table_mixed_case_")
    assert names["9lives"].startswith("table_9lives_")
    assert all(name.isascii() and name.isidentifier() for name in names.values())
    assert len(set(names.values())) == 5


def test_models_differ_where_only_case_differs(make_twin: Make) -> None:
    names = model_names(make_twin(_table("Orders"), _table("orders")))
    assert names["Orders"] == "Orders"
    assert names["orders"].startswith("table_orders_")


@pytest.mark.parametrize(("table", "column"), [("../a", "id"), ("a", "b\0")])
def test_names_that_no_file_can_have_are_refused_with_the_table(make_twin: Make, table: str, column: str) -> None:
    with pytest.raises(ConfigurationError, match=r"has a slash or a NUL.*next: leave the table out"):
        refuse_unquotable(make_twin(_table(table, column)))


def test_a_comment_says_what_the_rows_are(make_twin: Make) -> None:
    twin = make_twin(Table("a", (), comment="Of the source."), Table("b", ()), real=("b",))
    told = table_comment(twin, twin["a"], 4)
    assert told == "Synthetic twin hostile@4: drawn from a model of raw.a, whose rows it does not hold. Of the source."
    assert table_comment(twin, twin["b"], 4) == "Real reference data, passed through from raw.b. Twin hostile, release 4."


@pytest.mark.parametrize("text", ["{{ 1 }}", "{% raw %}", "{# x", "a }} b", "ref('x')", ' var ( "y" )', 'say "{{" \\ é\n'])
def test_jinja_renders_a_verbatim_text_to_itself(text: str) -> None:
    import jinja2

    written = verbatim(text)
    assert written != text
    assert jinja2.Environment().from_string(written).render() == text


def test_plain_text_stays_readable() -> None:
    assert verbatim("it's {plain}") == "it's {plain}"


@pytest.mark.parametrize("name", ["a*", "a?", "a[b]", "a]", "it's", "a[*]?"])
def test_a_scan_reads_one_file_whatever_its_name(tmp_path: Path, name: str) -> None:
    with duckdb.connect() as connection:
        for number, file in enumerate((name, "ab", "abc")):
            path = str(tmp_path / f"{file}.parquet").replace("'", "''")
            connection.execute(f"COPY (SELECT {number} AS n) TO '{path}'")
        assert connection.execute(f"SELECT n FROM {scan(tmp_path / f'{name}.parquet')}").fetchall() == [(0,)]
