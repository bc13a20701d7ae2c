"""Write the dbt project of one release: a model, its contract and its tests for every table.

dbt cannot make models from a macro, so each table gets a file; what the files have in common stands once, in the macros of
`dbt_project/`. All paths in the project are relative: it can be read, moved with the workspace, and run again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from warehouse_twin.digests import digest_file, digest_folder
from warehouse_twin.manifest.resolved import Column, ForeignKey, ResolvedTable, ResolvedTwin, Table
from warehouse_twin.materializing.ddl import enforced
from warehouse_twin.materializing.naming import model_names, refuse_unquotable, release_schema, scan, table_comment, verbatim, within_quotes
from warehouse_twin.warehouses import quoted
from warehouse_twin.workspace import write_text

CANDIDATE = "candidate.duckdb"
PROJECT = "dbt"
Domains = Mapping[str, Mapping[str, Sequence[str]]]
"""table → column → every value it may hold, as text; public values only."""
Yaml = dict[str, Any]
_PROFILE = {
    "type": "duckdb",
    "path": f"../{CANDIDATE}",
    "threads": 2,
    "keep_open": False,  # dbt would else hold the file's lock for the life of the process
    "retries": {"connect_attempts": 5},
    "settings": {"TimeZone": "UTC"},  # casts between zoned and plain timestamps do not depend on the machine
}


def shared_digests(project: Path) -> dict[str, str]:
    """Digests of the files of `dbt_project/` that every release's project is made of."""
    macros = {f"macros/{name}": digest for name, digest in digest_folder(project / "macros").items()}
    return macros | {"dbt_project.yml": digest_file(project / "dbt_project.yml")}


def generate(
    resolved: ResolvedTwin, *, release: int, synthesized: Path, project: Path, folder: Path, domains: Domains | None = None
) -> Path:
    """Write the project into `folder/dbt` and return that.

    `synthesized` holds `<table>.parquet`; `project` is the shared `dbt_project/`; the candidate will be `folder/candidate.duckdb`.
    Raises ConfigurationError for names dbt cannot build.
    """
    refuse_unquotable(resolved)
    models = model_names(resolved)
    root = folder / PROJECT
    shutil.copytree(project / "macros", root / "macros")
    _write(root / "dbt_project.yml", _project(resolved, release, project, models))
    profile = {"target": "candidate", "outputs": {"candidate": {**_PROFILE, "schema": release_schema(resolved, release)}}}
    _write(root / "profiles.yml", {"warehouse_twin": profile})
    _write(root / "models" / "sources.yml", _sources(resolved, models, os.path.relpath(synthesized, root)))
    for item in resolved.tables:
        model = models[item.name]
        described = _model(resolved, item, release, models, (domains or {}).get(item.name, {}))
        _write(root / "models" / f"{model}.yml", {"models": [described]})
        write_text(root / "models" / f"{model}.sql", "{{ twin_table() }}\n")
    return root


def _write(path: Path, value: Yaml) -> None:
    write_text(path, yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120))


def _project(resolved: ResolvedTwin, release: int, project: Path, models: Mapping[str, str]) -> Yaml:
    """The shared dbt_project.yml with this release's vars, which dbt does not render: types need no escaping there."""
    shared: Yaml = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    tables = {
        models[item.name]: [{"name": within_quotes(column.name), "type": column.sql_type} for column in item.table.columns]
        for item in resolved.tables
    }
    shared.pop("on-run-start", None)  # the check of the package that users add to their own projects
    return {**shared, "vars": {**shared.get("vars", {}), "twin_schema": release_schema(resolved, release), "twin_tables": tables}}


def _sources(resolved: ResolvedTwin, models: Mapping[str, str], folder: str) -> Yaml:
    """The synthesized files as one dbt source, for the lineage graph."""
    tables = []
    for item in resolved.tables:
        location = scan(f"{folder}/{item.name}.parquet").replace("{", "{{").replace("}", "}}")  # dbt-duckdb formats it
        tables.append({"name": models[item.name], "config": {"meta": {"external_location": verbatim(location)}}})
    description = f"Rows of twin {resolved.twin} as its synthesizers drew them."
    return {"sources": [{"name": "synthetic", "description": verbatim(description), "tables": tables}]}


def _model(
    resolved: ResolvedTwin, item: ResolvedTable, release: int, models: Mapping[str, str], domains: Mapping[str, Sequence[str]]
) -> Yaml:
    name, table = models[item.name], item.table
    return {
        "name": name,
        "description": verbatim(table_comment(resolved, item, release)),
        "config": {} if name == item.name else {"alias": verbatim(within_quotes(item.name))},
        "constraints": _constraints(resolved, table, models),
        "data_tests": _table_tests(table, models),
        "columns": [
            {
                "name": verbatim(within_quotes(column.name)),
                "quote": True,
                "data_type": verbatim(column.sql_type),
                "description": verbatim(column.comment),
                "constraints": [] if column.nullable else [{"type": "not_null"}],
                "data_tests": _column_tests(table, column, domains.get(column.name)),
            }
            for column in table.columns
        ],
    }


def _constraints(resolved: ResolvedTwin, table: Table, models: Mapping[str, str]) -> list[Yaml]:
    primary = [{"type": "primary_key", "columns": _quoted(table.primary_key)}] if table.primary_key else []
    foreign = [
        {
            "type": "foreign_key",
            "columns": _quoted(key.columns),
            "to": _reference(key, models),
            "to_columns": _quoted(key.references_columns),
        }
        for key in enforced(resolved, table)
    ]
    return [*primary, *foreign]


def _table_tests(table: Table, models: Mapping[str, str]) -> list[Yaml]:
    """Tests of more than one column; foreign keys of any width, also those the database does not enforce."""
    wide = [{"unique_combination": {"arguments": {"columns": _plain(table.primary_key)}}}] if len(table.primary_key) > 1 else []
    references = [
        {"columns": _plain(key.columns), "to": _reference(key, models), "to_columns": _plain(key.references_columns)}
        for key in table.foreign_keys
        if not key.keeps_orphans
    ]
    return [*wide, *({"valid_reference": {"arguments": arguments}} for arguments in references)]


def _column_tests(table: Table, column: Column, domain: Sequence[str] | None) -> list[str | Yaml]:
    tests: list[str | Yaml] = [] if column.nullable else ["not_null"]
    if table.primary_key == (column.name,):
        tests.append("unique")
    if domain is not None:
        tests.append({"in_domain": {"arguments": {"domain": [verbatim(value) for value in domain]}}})
    return tests


def _reference(key: ForeignKey, models: Mapping[str, str]) -> str:
    return f"ref('{models[key.references]}')"  # a model's name is letters, digits and underscores


def _plain(columns: Sequence[str]) -> list[str]:
    return [verbatim(within_quotes(column)) for column in columns]


def _quoted(columns: Sequence[str]) -> list[str]:
    return [verbatim(quoted(column)) for column in columns]  # dbt writes a constraint's columns as they stand
