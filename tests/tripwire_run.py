"""Twins of the ward, made in this process by the command line's own words, with every stage failing once on the way.

Everything logs at DEBUG to standard error. A stage fails as it may in life: its input is not what it was, a plug-in, a macro
or a model raises with the rows it saw in its message, a place cannot be written to. Run with the project as the working directory.
"""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tripwire_source import PLANTED
from warehouse_twin.cli.main import main

ROOT = Path.cwd()
WORKSPACE = ROOT / ".twin"


def twin(*words: str, status: int = 0) -> None:
    """One command; ends the run when it does not end as it should."""
    for name in [*logging.root.manager.loggerDict, "warehouse_twin.pipeline"]:
        if name.startswith("warehouse_twin."):
            logging.getLogger(name).setLevel(logging.DEBUG)
    print(f"$ twin {' '.join(words)}", flush=True)
    got = main([*words, "--verbose"])
    if got != status:
        sys.exit(f"twin {' '.join(words)} ended with {got}, wanted {status}")


@contextmanager
def changed(path: Path) -> Iterator[Path]:
    """A file or folder that the block may break; afterwards it is as it was."""
    kept = path.with_name(f"{path.name}.kept")
    shutil.move(path, kept)
    (shutil.copytree if kept.is_dir() else shutil.copy2)(kept, path)
    try:
        yield path
    finally:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.move(kept, path)


@contextmanager
def another_type(table: Path, column: str) -> Iterator[None]:
    """A file of rows whose numbers are texts that cannot be read as numbers; the planted one is among them."""
    with changed(table):
        rows = pq.read_table(table)
        place, texts = rows.column_names.index(column), [f"{value} zqxc-unheard-of" for value in rows.column(column).to_pylist()]
        pq.write_table(rows.set_column(place, column, pa.array(texts)), table)
        yield


@contextmanager
def breaking(name: str, breaks: str, *, canaries: bool = True) -> Iterator[None]:
    """The manifest with a plug-in that raises when it is asked to do this; without canaries `train` asks for no rows."""
    file = ROOT / "twins" / f"{name}.yml"
    with changed(file):
        text = file.read_text().replace("breaks: nothing", f"breaks: {breaks}")
        file.write_text(text if canaries else text.replace("gates:\n", "gates:\n  canaries: false\n"))
        yield


def honest() -> None:
    """A twin that ends published."""
    twin("resolve", "odd", status=2)
    twin("resolve", "ward")
    with another_type(WORKSPACE / "secure" / "ward" / "snapshot" / "1" / "people.parquet", "id"):
        twin("profile", "ward", status=2)
    twin("gate", "ward", "--json")
    remote = WORKSPACE / "dvc-remote"
    remote.write_text("a file, where a folder was meant to be")
    twin("release", "ward", status=2)
    remote.unlink()
    twin("release", "ward", "--json")
    target = WORKSPACE / "warehouses" / "dev.duckdb"
    target.write_text("no database at all")
    twin("publish", "ward", status=2)
    target.unlink()
    twin("publish", "ward", "--json")
    twin("audit", "ward@published", "--explain")


def thief() -> None:
    """A twin whose plug-in keeps the rows it learns from and hands them out: the gate is to see it, and nobody else."""
    with breaking("thief", "fit"):
        twin("train", "thief", status=2)
    with breaking("thief", "sample", canaries=False):
        twin("synthesize", "thief", status=2)
    macros = ROOT / "dbt_project" / "macros"
    with changed(macros):
        (macros / "twin_table.sql").write_text(MACRO)
        twin("materialize", "thief", status=2)
    twin("materialize", "thief")
    twin("gate", "thief", "--explain", status=1)
    twin("release", "thief", "--release", "1", status=2)


MACRO = """
{% macro twin_table() %}
{% if execute %}
{% set rows = run_query("SELECT * FROM read_parquet('../../../synthesize/*/twin/people.parquet') WHERE score > 1e6") %}
{{ exceptions.raise_compiler_error("a row is odd: " ~ rows.rows[0].values() | join(" and ")) }}
{% endif %}
{% endmacro %}
"""


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    assert PLANTED["category"] == "zqxc-unheard-of"
    honest()
    thief()
