"""From files to statements: where each stands, and nothing that is no plain question.

A query's text may hold values, so no message quotes it: a fault is a file, a line and a word of ours.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

from warehouse_twin.errors import ConfigurationError, Fault
from warehouse_twin.manifest.workload import Workload

MOST_QUERIES = 200
MAX_BYTES = 4_000_000
_ROWS_FROM_NOTHING = (exp.GenerateSeries, exp.Unnest)
_QUESTIONS = (exp.Select, exp.SetOperation)
_CHANGES = (exp.Into, exp.DML, exp.DDL, exp.Command, exp.Copy, exp.Attach, exp.Pragma, exp.Set)
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # its warnings quote the statement


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a file, `tree` as it was written; `name` is unique."""

    name: str
    file: Path
    line: int
    tree: exp.Query

    def fault(self, message: str) -> Fault:
        return Fault(str(self.file), self.line, 1, "", message)


@dataclass(frozen=True, slots=True)
class Read:
    """The statements to ask, the models they may read, and what was refused."""

    asked: tuple[Statement, ...]
    models: dict[str, Statement]
    faults: tuple[Fault, ...]


def read_statements(asked: Workload, *, project: Path, dialect: str) -> Read:
    """All statements that a manifest names. Raises ConfigurationError where there are no files, or more queries than are run."""
    faults: list[Fault] = []
    statements = [one for file in _files(asked, project) for one in _in_file(file, dialect, faults)]
    compiled = {} if asked.dbt_project is None else _compiled((project / asked.dbt_project).resolve())
    models = {name: one for name, file in compiled.items() for one in _in_file(file, dialect, faults, whole=True)}
    found = (*_named(statements, project), *(one for name, one in sorted(models.items())))
    if not found and not faults:
        raise ConfigurationError("the workload has no query; wanted files with queries, or a dbt project")
    if len(found) > MOST_QUERIES:
        raise ConfigurationError(f"the workload has {len(found):,} queries; wanted at most {MOST_QUERIES}: those that matter most")
    return Read(found, models, tuple(faults))


def files_of(asked: Workload, *, project: Path) -> tuple[Path, ...]:
    """All files that a workload is read from, for a digest."""
    compiled = {} if asked.dbt_project is None else _compiled((project / asked.dbt_project).resolve())
    return (*_files(asked, project), *sorted(compiled.values()))


def _files(asked: Workload, project: Path) -> list[Path]:
    found: list[Path] = []
    for pattern in asked.queries or ():
        base, relative = (Path("/"), pattern.lstrip("/")) if Path(pattern).is_absolute() else (project, pattern)
        files = sorted(path for path in base.glob(relative) if path.is_file()) if relative else []
        if not files:
            raise ConfigurationError(f"no file {pattern} in {base}; wanted files of queries")
        found += [path for path in files if path not in found]
    return found


def _compiled(folder: Path) -> dict[str, Path]:
    """A dbt project's compiled models by name; its tests lie in folders called after YAML files."""
    root = folder / "target" / "compiled"
    found = sorted(path for path in root.glob("*/models/**/*.sql") if not any(part.endswith((".yml", ".yaml")) for part in path.parts))
    if not found:
        raise ConfigurationError(f"{root}: no compiled model; next: dbt compile in {folder}")
    return {path.stem: path for path in found}


def _in_file(file: Path, dialect: str, faults: list[Fault], *, whole: bool = False) -> Iterator[Statement]:
    if file.stat().st_size > MAX_BYTES:
        raise ConfigurationError(f"{file}: longer than {MAX_BYTES:,} bytes; wanted the queries that matter most")
    try:
        text = file.read_text(encoding="utf-8")
        parts = list(_parts(text, dialect)) if file.suffix == ".sql" else _lines(text)
    except (SqlglotError, UnicodeDecodeError):
        faults.append(Fault(str(file), 1, 1, "", f"not read as {dialect} SQL; wanted statements, each a SELECT"))
        return
    for line, part in parts:
        try:
            tree = sqlglot.parse_one(part, read=dialect)
        except (SqlglotError, RecursionError) as error:
            inside = next((one.get("line") for one in getattr(error, "errors", ()) if one.get("line")), 1)
            faults.append(Fault(str(file), line + inside - 1, 1, "", f"not read as {dialect} SQL; wanted a SELECT"))
            continue
        if (reason := _refused(tree)) is not None:
            faults.append(Fault(str(file), line, 1, "", f"{reason}; wanted a SELECT that only reads tables"))
        elif isinstance(tree, exp.Query):
            alone = whole or len(parts) == 1
            yield Statement(file.stem if alone else f"{file.stem}:{line}", file, line, tree)


def _parts(text: str, dialect: str) -> Iterator[tuple[int, str]]:
    """The statements of a text, each with its first line."""
    start = None
    for token in sqlglot.tokenize(text, read=dialect):
        if token.token_type == TokenType.SEMICOLON:
            if start is not None:
                yield start.line, text[start.start : token.start]
            start = None
        elif start is None:
            start = token
    if start is not None:
        yield start.line, text[start.start :]


def _lines(text: str) -> list[tuple[int, str]]:
    """The statements of a log, one a line; one that comes again is asked once."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        statement = line.strip().rstrip(";").strip()
        if statement and not statement.startswith("--"):
            found.setdefault(statement, number)
    return [(number, statement) for statement, number in found.items()]


def _refused(tree: exp.Expr) -> str | None:
    """Why a statement is not asked; None where it only reads tables."""
    if not isinstance(tree, _QUESTIONS):
        return "not a SELECT"
    if any(isinstance(node, _CHANGES) for node in tree.walk()):
        return "it changes something"
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Func) and not isinstance(node.this, _ROWS_FROM_NOTHING):
            return "it reads by a table function"
    return None


def _named(statements: list[Statement], project: Path) -> Iterator[Statement]:
    """Names that are there twice say the file's folder, too."""
    count = Counter(one.name for one in statements)
    for one in statements:
        known = one.file.resolve()
        inside = known.relative_to(project.resolve()) if known.is_relative_to(project.resolve()) else known
        yield one if count[one.name] == 1 else Statement(f"{inside.parent.as_posix()}/{one.name}", one.file, one.line, one.tree)
