"""dbt for real: one good build with hostile names, shared by all tests, and one in which every kind of fault is present."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow.parquet as pq
import pytest

from warehouse_twin.digests import digest_file, digest_of, digest_table
from warehouse_twin.errors import TerminalError, TransientError, TwinError
from warehouse_twin.manifest.resolved import Column, ForeignKey, ResolvedTwin, Table
from warehouse_twin.materializing.building import Built, _raise_failures, build
from warehouse_twin.materializing.ddl import read_catalog
from warehouse_twin.materializing.domains import public_domains
from warehouse_twin.materializing.exporting import Exported, export
from warehouse_twin.materializing.generating import generate
from warehouse_twin.materializing.invoking import masked
from warehouse_twin.warehouses import quoted

COUNTS = {"order": 2, "Mixed Case": 3, 'naïve"; drop table x': 3}
SCHEMA = "hostile__r7"


@dataclass(frozen=True)
class Candidate:
    folder: Path
    built: Built
    exported: Exported
    root_handlers: tuple[list[logging.Handler], list[logging.Handler]]
    environment: tuple[dict[str, str], dict[str, str]]


@pytest.fixture(scope="module")
def candidate(hostile: ResolvedTwin, synthesized: Path, dbt_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Candidate:
    folder = tmp_path_factory.mktemp("candidate")
    os.environ["DBT_TARGET_PATH"] = str(folder / "elsewhere")  # a user's own setting, which must not reach this build
    before = (list(logging.getLogger().handlers), dict(os.environ))
    try:
        domains = public_domains(hostile, synthesized)
        project = generate(hostile, release=7, synthesized=synthesized, project=dbt_project, folder=folder, domains=domains)
        built = build(project, resolved=hostile, release=7)
        after = (list(logging.getLogger().handlers), dict(os.environ))
    finally:
        del os.environ["DBT_TARGET_PATH"]
    exported = export(folder / "candidate.duckdb", resolved=hostile, release=7, folder=folder, rows=COUNTS)
    return Candidate(folder, built, exported, (before[0], after[0]), (before[1], after[1]))


def test_a_build_has_a_model_per_table_and_all_tests_pass(candidate: Candidate) -> None:
    # not_null 1 + 4 + 2, unique 1, unique_combination 2, valid_reference 3, in_domain 1
    assert candidate.built.models == 3
    assert candidate.built.tests == {"pass": 14}


def test_the_invocation_is_the_one_dbt_recorded(candidate: Candidate) -> None:
    results = json.loads((candidate.folder / "dbt/target/run_results.json").read_text())
    assert results["metadata"]["invocation_id"] == candidate.built.invocation


def test_documentation_is_one_page_that_holds_the_catalog(candidate: Candidate) -> None:
    target = candidate.folder / "dbt/target"
    assert sorted(path.name for path in target.iterdir()) == ["catalog.json", "index.html", "manifest.json", "run_results.json"]
    assert SCHEMA in (target / "index.html").read_text()
    nodes = json.loads((target / "catalog.json").read_text())["nodes"].values()
    assert sorted(node["metadata"]["name"] for node in nodes) == ["Mixed Case", "order"], "dbt knows no table of a name with a quote again"


def test_nothing_of_dbt_stays_behind(candidate: Candidate) -> None:
    assert candidate.root_handlers[0] == candidate.root_handlers[1]
    assert candidate.environment[0] == candidate.environment[1]
    assert not (candidate.folder / "elsewhere").exists()
    duckdb.connect(str(candidate.folder / "candidate.duckdb")).close()  # other settings than dbt's: nobody has it open


def test_the_project_holds_no_path_of_this_machine(candidate: Candidate) -> None:
    project = candidate.folder / "dbt"
    written = [path for path in project.rglob("*") if path.is_file() and "target" not in path.relative_to(project).parts]
    assert len(written) > 10
    assert not [path.name for path in written if str(candidate.folder) in path.read_text()]


def test_the_candidate_has_the_types_keys_and_comments_of_the_source(candidate: Candidate) -> None:
    with duckdb.connect(str(candidate.folder / "candidate.duckdb"), read_only=True) as connection:
        catalog = read_catalog(connection, SCHEMA)
    assert list(catalog) == sorted(COUNTS)
    assert catalog["order"] == [
        ("column", "select", "VARCHAR", False, ""),
        ("column", "Ünï label", "VARCHAR", True, "it's {{ a_macro() }}"),
        ("comment", "Real reference data, passed through from raw.order. Twin hostile, release 7. Kinds; of things."),
        ("NOT NULL", ("select",), "", (), ""),
        ("PRIMARY KEY", ("select",), "", (), ""),
    ]
    parent = catalog["Mixed Case"]
    assert [fact[2] for fact in parent if fact[0] == "column"] == [
        *("INTEGER", "VARCHAR", "DECIMAL(38,10)", "TIMESTAMP WITH TIME ZONE", "DATE", "BOOLEAN", "VARCHAR")
    ]
    assert ("comment", "Synthetic twin hostile@7: drawn from a model of raw.Mixed Case, whose rows it does not hold.") in parent
    assert ("FOREIGN KEY", ("kind",), "order", ("select",), "") in parent
    assert ("column", 'Part "No".', "VARCHAR", False, 'the "No"') in parent
    child = catalog['naïve"; drop table x']
    assert ("PRIMARY KEY", ("ref('x')", "{{ 1 / 0 }}"), "", (), "") in child
    assert ("FOREIGN KEY", ("parent", "o'clock {% x"), "Mixed Case", ("id", 'Part "No".'), "") in child
    assert ("column", "mood", "ENUM('it''s', 'b')", True, "") in child


def test_schema_json_and_the_files_install_into_an_empty_database(candidate: Candidate) -> None:
    schema = json.loads((candidate.folder / "schema.json").read_text())
    assert schema["tables"] == list(COUNTS)
    with duckdb.connect() as connection, duckdb.connect(str(candidate.folder / "candidate.duckdb"), read_only=True) as built:
        connection.execute("SET TimeZone = 'UTC'")
        built.execute("SET TimeZone = 'UTC'")
        for statement in schema["statements"]:
            connection.execute(statement)
        for table in schema["tables"]:
            connection.execute(f"INSERT INTO {SCHEMA}.{quoted(table)} SELECT * FROM '{candidate.folder}/tables/{table}.parquet'")
            query = f"SELECT * FROM {SCHEMA}.{quoted(table)} ORDER BY ALL"
            assert connection.execute(query).fetchall() == built.execute(query).fetchall()
        assert read_catalog(connection, SCHEMA) == read_catalog(built, SCHEMA)


def test_files_are_in_key_order_with_exact_types(candidate: Candidate) -> None:
    table = pq.read_table(candidate.folder / "tables/Mixed Case.parquet")
    assert table.column("id").to_pylist() == [1, 1, 2]
    assert table.column('Part "No".').to_pylist() == ["x", "y", "x"]
    assert [str(value) for value in table.column("amount").to_pylist()] == [
        *("-1.0000000000", "9999999999999999999999999999.0000000001", "1E-10")
    ]
    assert table.column("ok").to_pylist() == [False, True, None]
    assert [str(kind) for kind in table.schema.types] == [
        *("int32", "string", "decimal128(38, 10)", "timestamp[us, tz=UTC]", "date32[day]", "bool", "string")
    ]


def test_the_data_digest_is_of_the_rows_in_key_order(candidate: Candidate) -> None:
    file = pq.read_table(candidate.folder / "tables/Mixed Case.parquet")
    assert candidate.exported.digests["Mixed Case"] == digest_table(file, keys=("id", 'Part "No".'))
    assert candidate.exported.data_digest == digest_of(dict(candidate.exported.digests))
    assert candidate.exported.rows == COUNTS


def test_a_second_build_gives_the_same_data(
    candidate: Candidate, hostile: ResolvedTwin, synthesized: Path, dbt_project: Path, tmp_path: Path
) -> None:
    project = generate(hostile, release=7, synthesized=synthesized, project=dbt_project, folder=tmp_path)
    build(project, resolved=hostile, release=7)
    again = export(tmp_path / "candidate.duckdb", resolved=hostile, release=7, folder=tmp_path, rows=COUNTS)
    assert again.data_digest == candidate.exported.data_digest
    for table in COUNTS:
        assert digest_file(tmp_path / f"tables/{table}.parquet") == digest_file(candidate.folder / f"tables/{table}.parquet")


def test_export_refuses_a_candidate_that_lost_rows(candidate: Candidate, hostile: ResolvedTwin, tmp_path: Path) -> None:
    more = {**COUNTS, "Mixed Case": 4}
    with pytest.raises(TerminalError, match=r"table 'Mixed Case': got 3 rows in the candidate; wanted the 4"):
        export(candidate.folder / "candidate.duckdb", resolved=hostile, release=7, folder=tmp_path, rows=more)


@pytest.fixture(scope="module")
def failure(
    make_twin: Callable[..., ResolvedTwin], write_rows: Callable[..., Path], dbt_project: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The error of one build in which four tables each have one fault."""
    key = Column("id", "INTEGER", nullable=False)
    words = Column("word", "VARCHAR", nullable=False)
    twin = make_twin(
        Table("whole", (key,), primary_key=("id",)),
        Table("twice", (key, words), primary_key=("id", "word")),
        Table("hollow", (key, words), primary_key=("id",)),
        Table("orphaned", (key,), foreign_keys=(ForeignKey(("id",), "whole", ("id",)),)),
        Table("outside", (key, words), primary_key=("id",)),
        Table("adrift", (key, Column("boss", "INTEGER", nullable=True)), ("id",), (ForeignKey(("boss",), "adrift", ("id",)),)),
        Table("below twice", (key, words), foreign_keys=(ForeignKey(("id", "word"), "twice", ("id", "word")),)),
    )
    rows = {
        "whole": "VALUES (1)",
        "twice": "VALUES (4711, 'Smith'), (4711, 'Smith')",
        "hollow": "VALUES (1, 'Smith'), (2, NULL)",
        "orphaned": "VALUES (1), (4711)",
        "outside": "VALUES (1, 'Smith'), (2, 'it''s')",
        "adrift": "VALUES (1, NULL), (2, 4711)",
        "below twice": "VALUES (4711, 'Smith')",
    }
    folder = tmp_path_factory.mktemp("failing")
    synthesized = write_rows(folder / "rows", twin, rows)
    domains = {"outside": {"word": ["it's"]}}
    project = generate(twin, release=3, synthesized=synthesized, project=dbt_project, folder=folder, domains=domains)
    with pytest.raises(TerminalError) as caught:
        build(project, resolved=twin, release=3)
    duckdb.connect(str(folder / "candidate.duckdb")).close()  # released after a failure, too
    return str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        r"model twice of table 'twice': .*PRIMARY KEY or UNIQUE constraint violation",
        r"model hollow of table 'hollow': .*NOT NULL constraint failed: hollow\S*\.word",
        r"model orphaned of table 'orphaned': .*Violates foreign key constraint",
        r"test in_domain of table 'outside' \(model outside, column \"word\"\): got 1 failing",
        r"test valid_reference of table 'adrift' \(model adrift, columns boss, to_columns id\): got 1 failing",
    ],
)
def test_every_fault_is_named_with_its_model(failure: str, line: str) -> None:
    assert re.search(line, failure), failure


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ('Constraint Error: Duplicate key "id: 4711, who: Smith" violates', 'Constraint Error: Duplicate key "…" violates'),
        ("Could not convert string 'Smith' to INT32", 'Could not convert string "…" to INT32'),
        ('casting "4711.5" to DECIMAL(3, 2) in column "who" failed', 'casting "…" to DECIMAL(3, 2) in column "who" failed'),
        ("Type INT64 with value 4711 can't be cast", "Type INT64 with value … can't be cast"),
        ("Type VARCHAR with value Smith", "Type VARCHAR with value …"),
        ("out of range: -4711.5e3 (4711, 12:30:00)", "out of range: … (…, …)"),
        ("Could not convert string 'O'Neil Smith' to INT32", 'Could not convert string "…" to INT32'),
        ("Could not convert string 'two\nSmith' to INT32", 'Could not convert string "…" to INT32'),
        ("Type VARCHAR with value he can't be Smith can't be cast", "Type VARCHAR with value … can't be cast"),
        ('Input: "{"who": "Smith"}" in "who"', 'Input: "…" in "who"'),
        ("Compilation Error in model m (models/m.sql)\n  odd row: Smith", "Compilation Error in model m (models/m.sql): …"),
        ("Runtime Error in model m\n  Invalid Input Error: no such Smith", "Runtime Error in model m; Invalid Input Error: …"),
        ('value \'"who" Smith', 'value "…"'),
        ("one\n\n  two\nLINE 1: select 4711\n   ^\n  compiled code at x", "one; two"),
    ],
)
def test_messages_keep_names_of_the_schema_and_hide_values(message: str, shown: str) -> None:
    assert masked(message, frozenset({"who"})) == shown


@pytest.mark.parametrize(
    ("message", "kind", "told"),
    [
        ("IO Error: No space left on device", TransientError, "materialize hostile@1: dbt build: No space left on device; next: make room"),
        ("Binder Error", TerminalError, "1 of 2 dbt nodes failed, 1 were skipped"),
    ],
)
def test_a_full_disk_may_be_tried_again(make_twin: Callable[..., ResolvedTwin], message: str, kind: type[TwinError], told: str) -> None:
    node = SimpleNamespace(resource_type="model", name="t")
    results = [SimpleNamespace(status="error", message=message, node=node), SimpleNamespace(status="skipped")]
    with pytest.raises(kind, match=told):
        _raise_failures(results, make_twin(Table("t", ())), "materialize hostile@1")


def test_a_failure_shows_no_value_and_says_what_to_do(failure: str) -> None:
    assert failure.startswith("materialize hostile@3: 5 of ")
    assert "4711" not in failure
    assert "Smith" not in failure
    assert "were skipped" in failure
    assert "next: " in failure


def test_a_broken_macro_says_that_dbt_could_not_run(hostile: ResolvedTwin, synthesized: Path, dbt_project: Path, tmp_path: Path) -> None:
    project = generate(hostile, release=7, synthesized=synthesized, project=dbt_project, folder=tmp_path)
    (project / "macros/twin_table.sql").write_text("{% macro twin_table() %}{{ no_such_macro() }}{% endmacro %}")
    with pytest.raises(TerminalError, match=r"dbt parse could not run: .*no_such_macro.*next: look at dbt_project/macros"):
        build(project, resolved=hostile, release=7)
