"""Names and texts as dbt and DuckDB need them: schemas, model names, comments, file scans. None of them is trusted."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.warehouses import literal, quoted

_MODEL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
# What dbt renders in a YAML text: Jinja's delimiters, and a bare call such as ref('x') among a test's arguments.
_RENDERED = re.compile(r"\{[{%#]|[}%#]\}|^\s*(env_var|ref|var|source|doc)\s*\(")
_GLOB = re.compile(r"[*?\[]")
_LABEL = re.compile(r"Synthetic twin (?P<release>[a-z][a-z0-9_]*@[1-9][0-9]*): ")


def release_schema(resolved: ResolvedTwin, release: int) -> str:
    """The schema of one release: `flights__r7`."""
    return f"{resolved.target_schema}__r{release}"


def refuse_unquotable(resolved: ResolvedTwin) -> None:
    """A table's name is a file's name, too. Raises ConfigurationError."""
    if '"' in resolved.target_schema or "'" in resolved.target_schema:
        raise ConfigurationError(f"twin {resolved.twin}: target schema {resolved.target_schema!r}: wanted a name without quotes")
    for item in resolved.tables:
        names = [item.name, *item.table.column_names]
        bad = [name for name in names if "\0" in name] + [name for name in (item.name,) if "/" in name]
        if bad:
            raise ConfigurationError(
                f"twin {resolved.twin}: table {item.name!r}: name {bad[0]!r} has a slash or a NUL, which the name of a file cannot have; "
                "next: leave the table out of the manifest, or give the twin a view of it under another name"
            )


def model_names(resolved: ResolvedTwin) -> dict[str, str]:
    """Table → dbt model. A table's own name where dbt takes it; else a readable stem and a digest, and the table is its alias."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for table in (item.name for item in resolved.tables):
        name = table
        if not _MODEL_NAME.fullmatch(table) or table.lower() in taken:
            stem = _NOT_SLUG.sub("_", table.lower()).strip("_")[:40]
            name = f"table_{stem}_{hashlib.sha256(table.encode()).hexdigest()[:8]}"
        names[table] = name
        taken.add(name.lower())
    return names


def table_comment(resolved: ResolvedTwin, item: ResolvedTable, release: int) -> str:
    """What a reader of the twin must know about a table, then what the source says of it."""
    source = f"{resolved.source_schema}.{item.name}"
    if item.keep_real:
        text = f"Real reference data, passed through from {source}. Twin {resolved.twin}, release {release}."
    else:
        text = f"Synthetic twin {resolved.twin}@{release}: drawn from a model of {source}, whose rows it does not hold."
    return f"{text} {item.table.comment}".strip()


def release_of_label(comment: str) -> str | None:
    """The release, `flights@7`, that a table's comment says it was drawn for; None for any other comment."""
    found = _LABEL.match(comment)
    return found["release"] if found else None


def verbatim(text: str) -> str:
    """`text` so that dbt, which renders YAML with Jinja, reads it as it stands."""
    return "{{ " + json.dumps(text) + " }}" if _RENDERED.search(text) else text


def within_quotes(name: str) -> str:
    """A name as it stands between double quotes, which is all that dbt-duckdb (1.11) puts around it."""
    return quoted(name)[1:-1]


def scan(path: Path | str) -> str:
    """A DuckDB table function that reads this one Parquet file, whatever its name: globs are taken literally."""
    escaped = _GLOB.sub(lambda match: f"[{match.group()}]", str(path))
    return f"read_parquet({literal(escaped)})"
