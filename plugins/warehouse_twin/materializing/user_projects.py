"""A user's own dbt project, built on one side after another: parsed once, its sources redirected, every side a DuckDB file.

Nothing of the project is changed or copied: what dbt parsed is, in memory. Sources that are tables of the twin lead to the schema in
which a side holds them; what reads any other source is left out, and said to be. Every side's file has one name, so that one
parsed project serves all. Profile, compiled SQL and logs are below a folder of the caller's, which is to delete it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse_twin.digests import digest_file, digest_of
from warehouse_twin.errors import ConfigurationError, TransientError, of_a_disk
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.materializing.invoking import KEPT, first_lines, invoke, isolated, masked, settings_of_dbt
from warehouse_twin.materializing.redirecting import (
    Keys,
    Mart,
    bring_together,
    keep_marts,
    keys_of,
    leave_out,
    marts_of,
    names_of,
    redirect,
)
from warehouse_twin.workspace import write_text

DATABASE = "parity"
"""What every side's file is called, without its ending, and so the database of all relations."""
_READ = (".sql", ".yml", ".yaml", ".csv", ".py", ".md")
_MADE = ("target", "logs")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What dbt said of a node on one side; `message` is empty where nothing went wrong, and quotes no value."""

    name: str
    status: str
    message: str = ""

    @property
    def good(self) -> bool:
        return self.status in ("success", "pass", "no-op")


Outcomes = Mapping[str, Outcome]
"""Outcomes by dbt's unique id of the node."""


@dataclass(frozen=True, slots=True)
class UserProject:
    """A parsed project whose sources lead to a side's schema."""

    folder: Path
    profile: str
    schema: str
    variables: Mapping[str, Any]
    manifest: Any
    marts: tuple[Mart, ...]
    keys: Keys
    sources: Mapping[str, str]
    """the project's source → table of the twin"""
    left_out: Mapping[str, str]
    """model or test → the source it reads that is no table of the twin"""
    names: frozenset[str]

    def build(self, side: Path) -> Outcomes:
        """Build models, seeds and snapshots into the side's file. No test stands in the way."""
        return self._invoke(["build", "--exclude-resource-type", "test"], side)

    def test(self, side: Path) -> Outcomes:
        """Run all tests on what was built there."""
        return self._invoke(["test"], side)

    def _invoke(self, command: list[str], side: Path) -> Outcomes:
        _write_profile(side, self.profile, self.schema)
        with isolated(side, hidden=settings_of_dbt()):
            from dbt.cli.main import dbtRunner

            runner = dbtRunner(manifest=self.manifest.deepcopy())
            outcome = invoke(runner, [*command, "--vars", json.dumps(dict(self.variables))], project=self.folder, folder=side)
        results = getattr(outcome.result, "results", None)
        _raise_for_disk("\n".join([str(outcome.exception), *(str(result.message) for result in results or ())]), f"dbt {command[0]}")
        if results is None:
            said = masked(str(outcome.exception or "no reason given"), self.names)
            raise ConfigurationError(f"{self.folder}: dbt {command[0]} could not run: {said}; next: dbt {command[0]} in that folder")
        return {result.node.unique_id: Outcome(result.node.name, str(result.status), self._said(result)) for result in results}

    def _said(self, result: Any) -> str:
        if str(result.status) in KEPT:
            return ""
        return "rows fail it" if str(result.status) == "fail" else masked(str(result.message), self.names)


def read_project(folder: Path, *, resolved: ResolvedTwin, variables: Mapping[str, Any], scratch: Path) -> UserProject:
    """Parse a project and lead its sources to the twin's tables.

    Raises ConfigurationError when it does not parse, or reads none of the tables.
    """
    profile, schema = profile_of(folder), f"{resolved.source_schema}__parity"
    _write_profile(scratch, profile, schema)
    manifest = _parsed(folder, variables, scratch)
    stated = {found: f"{source.source_name}.{source.name}" for found, source in manifest.sources.items()}
    places = sorted({f"{source.schema}.{source.identifier}" for source in manifest.sources.values()})
    tables = [table.name for table in resolved.tables]
    known, foreign = redirect(manifest, database=DATABASE, schema=resolved.source_schema, tables=tables)
    if not known:
        raise ConfigurationError(
            f"{folder}: reads no table of the twin: its sources are {', '.join(places[:10]) or 'none'}, the twin's tables "
            f"{', '.join(tables[:10])} of schema {resolved.source_schema}; next: declare these as sources"
        )
    left_out = leave_out(manifest, foreign)
    bring_together(manifest, database=DATABASE)
    marts = marts_of(manifest, known)
    keep_marts(manifest, marts)
    return UserProject(
        folder,
        profile,
        schema,
        dict(variables),
        manifest,
        marts,
        keys_of(manifest, drawn=_keys(resolved, kept=False), kept=_keys(resolved, kept=True)),
        {stated[found]: table for found, table in known.items()},
        left_out,
        names_of(manifest) | {name for table in resolved.tables for name in (table.name, *table.table.column_names)},
    )


def _parsed(folder: Path, variables: Mapping[str, Any], scratch: Path) -> Any:
    """dbt's own account of a project."""
    with isolated(scratch, hidden=settings_of_dbt()):
        from dbt.cli.main import dbtRunner

        outcome = invoke(dbtRunner(), ["parse", "--vars", json.dumps(dict(variables))], project=folder, folder=scratch)
    if outcome.exception is None and outcome.success:
        return outcome.result
    reason = str(outcome.exception or "no reason given")
    _raise_for_disk(reason, "dbt parse")
    raise ConfigurationError(f"{folder}: does not compile with dbt-duckdb: {first_lines(reason)}; next: dbt parse in that folder")


def digest_of_project(folder: Path) -> str:
    """sha256, in hex, of all that dbt reads of a project; packages by what was installed."""
    files = (path for path in sorted(folder.rglob("*")) if path.suffix in _READ and path.is_file())
    inside = ((path.relative_to(folder), path) for path in files)
    return digest_of({name.as_posix(): digest_file(path) for name, path in inside if not _made(name)})


def _made(name: Path) -> bool:
    return name.parts[0] in _MADE or any(part.startswith(".") for part in name.parts)


def profile_of(folder: Path) -> str:
    """The name of the profile that a project asks for. Raises ConfigurationError when there is no project."""
    import yaml

    file = folder / "dbt_project.yml"
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigurationError(f"{folder}: no dbt_project.yml; wanted the folder of a dbt project") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{file}: cannot be read ({type(error).__name__}); wanted a dbt project's YAML") from None
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        raise ConfigurationError(f"{file}: no name; wanted the file of a dbt project")
    return str(content.get("profile") or DATABASE)


def _write_profile(side: Path, profile: str, schema: str) -> None:
    """A profile of one output, whose database is the side's file."""
    output = {"type": "duckdb", "path": str(side / f"{DATABASE}.duckdb"), "schema": schema, "threads": 1}
    write_text(side / "profiles.yml", json.dumps({profile: {"target": DATABASE, "outputs": {DATABASE: output}}}))


def _keys(resolved: ResolvedTwin, *, kept: bool) -> set[str]:
    """Columns of primary keys of tables that are passed through, or drawn, and of the foreign keys that lead to them."""
    found: set[str] = set()
    for table in resolved.tables:
        found |= set(table.table.primary_key) if table.keep_real is kept else set()
        for key in table.table.foreign_keys:
            found |= set(key.columns) if resolved[key.references].keep_real is kept else set()
    return found


def _raise_for_disk(text: str, what: str) -> None:
    if full := of_a_disk(text):
        raise TransientError(f"{what}: {full}; next: make room, then try again")
