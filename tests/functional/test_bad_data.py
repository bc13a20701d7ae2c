"""One twin of a schema full of bad input (`odd_source`), by the command line: made once, looked at case by case."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from odd_source import CATEGORIES, KINDS, NAMES, ROWS, SCHEMA, TABLES, WIDE_ROWS, WIDTH, make_source, manifest
from shop_project import Project
from warehouse_twin.warehouses import quoted

PUBLIC, SAID = "Größe & Co; --", "said.txt"
CATALOG = """
SELECT table_name, column_name, data_type, is_nullable, coalesce(comment, '') FROM duckdb_columns()
WHERE database_name = ? AND schema_name = ? ORDER BY table_name, column_index
"""
KEYS = """
SELECT table_name, constraint_type, constraint_column_names, referenced_table, referenced_column_names FROM duckdb_constraints()
WHERE database_name = ? AND schema_name = ? AND constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY') ORDER BY ALL
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("odd"))
    (project.root / "home").mkdir()
    (project.root / "twins").mkdir()
    (project.root / "twins" / "odd.yml").write_text(manifest(), encoding="utf-8")
    make_source(project.workspace / "warehouses" / "prod.duckdb")
    (project.root / SAID).write_text(project.twin("run", "odd").stdout)
    return project


@pytest.fixture(scope="module")
def both(project: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """Views of the source in schema `source`, of the published twin in `twin`."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, file, schema in (("source", "prod", SCHEMA), ("twin", "dev", PUBLIC)):
            path = project.workspace / "warehouses" / f"{file}.duckdb"
            connection.execute(f"ATTACH '{path}' AS {file} (READ_ONLY)")
            connection.execute(f"CREATE SCHEMA {name}")
            for table in manifest_tables():
                connection.execute(f"CREATE VIEW {name}.{quoted(table)} AS SELECT * FROM {file}.{quoted(schema)}.{quoted(table)}")
        yield connection


def manifest_tables() -> list[str]:
    made = ["kinds", "names", "empty", "child_of_empty", "empty_child", "one_row", "one_column", "one_key", "nothing", "constant"]
    return [*made, *TABLES, "wide", "categories", "long_text", "doubled", "orphans"]


def one(both: duckdb.DuckDBPyConnection, query: str) -> Any:
    [row] = both.execute(query).fetchall()
    return row[0] if len(row) == 1 else row


def resolved(project: Project) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((project.workspace / "receipts" / "odd" / "resolve.json").read_text())["facts"]
    return facts


# ── names and types ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_table_and_column_has_its_name_its_type_and_its_comment(both: duckdb.DuckDBPyConnection) -> None:
    made = both.execute(CATALOG, ["dev", f"{PUBLIC}__r1"]).fetchall()
    source = both.execute(CATALOG, ["prod", SCHEMA]).fetchall()
    keys = {("doubled", "id"), ("orphans", "id")}  # primary keys of the manifest's, which the source could not declare
    assert made == [(*row[:3], row[3] and row[:2] not in keys, row[4]) for row in source]
    assert {row[0] for row in made} == set(manifest_tables())
    assert set(NAMES) <= {row[1] for row in made if row[0] == "names"}


def test_every_declared_key_holds_in_the_twin(both: duckdb.DuckDBPyConnection) -> None:
    made = both.execute(KEYS, ["dev", f"{PUBLIC}__r1"]).fetchall()
    source = both.execute(KEYS, ["prod", SCHEMA]).fetchall()
    assert [key for key in made if key[0] not in ("doubled", "orphans")] == source


@pytest.mark.parametrize("name", KINDS)
def test_every_type_has_values_of_its_kind(both: duckdb.DuckDBPyConnection, name: str) -> None:
    """As many values, and as many nulls, NaN and infinities (or JSON scalars), as the source has; within one row in ten."""
    query = (
        f"SELECT count({name}), count(*) FILTER ({name}::VARCHAR IN ('nan', 'inf', '-inf', 'infinity', '-infinity', '9999-12-31')) FROM "
    )
    got, want = one(both, f"{query} twin.kinds"), one(both, f"{query} source.kinds")
    assert abs(got[0] - want[0]) <= ROWS / 10
    assert abs(got[1] - want[1]) <= ROWS / 10


def test_values_are_as_they_can_be(both: duckdb.DuckDBPyConnection) -> None:
    kinds = {
        "old_days < DATE '1900-01-01' OR old_days = DATE '9999-12-31'",
        "ancient_days < DATE '1900-01-01' OR ancient_days = 'infinity'",
        "zoned BETWEEN TIMESTAMPTZ '2024-03-30 00:00:00+00' AND TIMESTAMPTZ '2024-04-10 00:00:00+00'",
        "isfinite(zoned)",
        "json_valid(document)",
        "objects.size::INTEGER BETWEEN 0 AND 4 AND len(objects.tags::VARCHAR[]) = 1",
        "len(point) = 3 AND point[1] BETWEEN 0 AND 5",
        "octet_length(bytes) < 20",
        "mood IN ('so so', 'it''s \"fine\"', 'großartig')",
        "tiny BETWEEN -50 AND 49",
        "extreme BETWEEN 0 AND 1e308",
        "zeros = 0",
        "bits = '0101'::BIT",
        "folded IN ('c0', 'c1', 'c2')",
        "len(days) = 1",
        "money BETWEEN 0 AND 9999999999999999999999999999.0123456789",
        "(number::VARCHAR)[15] = '4'",
    }
    broken = [kind for kind in sorted(kinds) if one(both, f"SELECT count(*) FROM twin.kinds WHERE NOT ({kind})")]
    assert broken == []
    assert one(both, "SELECT count(*) FROM twin.kinds JOIN source.kinds USING (number)") == 0


def test_intervals_and_other_spelled_numbers_are_modelled(both: duckdb.DuckDBPyConnection) -> None:
    """Every value of theirs is rare: the twin's are new, and spread as the source's."""
    for number in ("epoch(span)", "epoch(zoned_clock::TIME)", "big::VARCHAR::INTEGER"):
        (low, middle, high), (least, centre, most) = (
            one(both, f"SELECT quantile_cont({number}, [0.1, 0.5, 0.9]) FROM {side}.kinds") for side in ("twin", "source")
        )
        room = 0.2 * (most - least)
        assert least - room <= low <= middle <= high <= most + room, number
        assert abs(middle - centre) < room, number
    assert one(both, "SELECT count(DISTINCT many_bits) > 100 AND min(length(many_bits::VARCHAR)) >= 8 FROM twin.kinds")


def test_what_could_not_be_modelled_is_told(project: Project) -> None:
    """In the receipt, in the report, and by the command line: each column by name, with what was done."""
    facts = json.loads((project.workspace / "receipts" / "odd" / "profile.json").read_text())["facts"]
    lost = facts["lost"]["kinds"]
    assert sorted(lost) == ["anything", "document", "either", "shape"]
    assert {"number", "place", "bytes", "many_bits"} <= set(facts["made_up"]["kinds"])
    [file] = (project.workspace / "internal" / "odd" / "gate").glob("*/report.html")
    report = html.unescape(file.read_text())
    said = (project.root / SAID).read_text()
    for name, words in lost.items():
        assert f'<span class="column-name">{name}</span>' in report
        assert words in report
        assert f"not modelled: kinds.{name}: {words}" in said


# ── sizes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_tables_without_rows_or_values_stay_so(both: duckdb.DuckDBPyConnection) -> None:
    assert one(both, "SELECT count(*) FROM twin.empty") == 0
    assert one(both, "SELECT count(*) FROM twin.empty_child") == 0
    assert one(both, "SELECT count(*), count(empty) FROM twin.child_of_empty") == (ROWS, 0)
    assert one(both, "SELECT count(*) FROM twin.one_row") == 1
    assert one(both, "SELECT count(*), count(DISTINCT id) FROM twin.one_key") == (ROWS, ROWS)
    assert one(both, "SELECT count(*), count(COLUMNS(*)) FROM twin.nothing") == (ROWS, *[0] * 9)
    same = "SELECT DISTINCT a, b, c, d, e FROM"
    assert both.execute(f"{same} twin.constant").fetchall() == both.execute(f"{same} source.constant").fetchall()


def test_what_too_few_rows_can_say_is_undecided(project: Project) -> None:
    [file] = (project.workspace / "internal" / "odd" / "gate").glob("*/verdict.json")
    verdict = json.loads(file.read_text())
    assert verdict["status"] == "undecided-accepted"
    few = {(item["score"]["measure"], item["status"]) for item in verdict["judged"] if item["score"]["table"] in ("one_row", "empty")}
    assert {measure for measure, status in few if status == "undecided"} >= {"column_shape", "pair_trend", "exact_copies", "near_copies"}
    assert {status for _, status in few} == {"undecided", "pass", "shown"}


def test_a_column_alone_keeps_its_values(both: duckdb.DuckDBPyConnection) -> None:
    shares = "SELECT value, count(*) FROM {}.one_column GROUP BY value ORDER BY value"
    (made, source) = (dict(both.execute(shares.format(side)).fetchall()) for side in ("twin", "source"))
    assert made.keys() == source.keys()
    assert all(abs(made[value] - source[value]) < ROWS / 10 for value in made)


def test_wide_tables_and_very_many_categories_come_through(both: duckdb.DuckDBPyConnection) -> None:
    assert len(both.execute("SELECT * FROM twin.wide").description or []) == WIDTH
    assert one(both, "SELECT count(*) FROM twin.wide") == WIDE_ROWS
    alike = "count(DISTINCT code) FILTER (code SIMILAR TO 'c[0-9a-f]{8}')"
    rows, codes = one(both, f"SELECT count(*), {alike} FROM twin.categories")
    assert rows == CATEGORIES + 5_000
    assert codes > 0.9 * CATEGORIES


def test_a_very_long_text_is_no_texts_length(both: duckdb.DuckDBPyConnection) -> None:
    """One row has ten million characters: no more than one entity's, so no text of the twin is as long."""
    longest = one(both, "SELECT max(length(body)), max(length(words)), max(octet_length(bytes)) FROM twin.long_text")
    assert all(length <= 64 for length in longest)
    assert one(both, "SELECT count(*) FROM twin.long_text WHERE words LIKE 'the cat _ sat on it'") > 0.9 * ROWS


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_dirty_keys_are_cleaned_and_counted(project: Project, both: duckdb.DuckDBPyConnection) -> None:
    facts = resolved(project)
    bad = one(both, "SELECT count(*) - count(DISTINCT id) FROM source.doubled")
    lost = {
        name: one(both, f"SELECT count(*) FROM source.orphans WHERE {name} NOT IN (SELECT id FROM source.doubled WHERE id IS NOT NULL)")
        for name in ("cleaned", "required", "kept")
    }
    counted = {"doubled.id (primary key)": bad, "orphans.cleaned": lost["cleaned"], "orphans.required": lost["required"]}
    assert facts["repairs"] == counted
    assert facts["orphans"] == {"orphans.kept": lost["kept"]}
    assert one(both, "SELECT count(*), count(DISTINCT id) FROM twin.doubled") == (ROWS, ROWS)
    for name in ("cleaned", "required"):
        assert one(both, f"SELECT count(*) FROM twin.orphans WHERE {name} NOT IN (SELECT id FROM twin.doubled)") == 0
    assert abs(one(both, "SELECT count(*) FROM twin.orphans WHERE kept NOT IN (SELECT id FROM twin.doubled)") - lost["kept"]) < ROWS / 50
    declared = both.execute(KEYS, ["dev", f"{PUBLIC}__r1"]).fetchall()
    assert [key[2] for key in declared if key[:2] == ("orphans", "FOREIGN KEY")] == [["cleaned"], ["required"]]


def test_nothing_is_left_behind(project: Project) -> None:
    assert project.json("gc", "odd") == {"odd": {"paths": [], "bytes": 0, "schemas": []}}
