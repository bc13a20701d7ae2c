"""Asking a side: read-only, nothing but the side's files within reach, no longer and no more than is said.

An answer holds real values, so it stays in memory; DuckDB's messages may quote rows, so none is passed on.
"""
# ruff: noqa: S608 - identifiers go through `quoted`, file names through `scan`

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.materializing.naming import scan
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT
from warehouse_twin.warehouses import quoted

MOST_ROWS = 200_000
"""Of an answer that is longer nothing is said."""
Failure = Literal["too long", "failed"]


@dataclass(frozen=True, slots=True)
class Side:
    """A side that can be asked."""

    opened: duckdb.DuckDBPyConnection
    seconds: float

    def ask(self, sql: str) -> pa.Table | Failure:
        """The answer, or why there is none."""
        timer = threading.Timer(self.seconds, self.opened.interrupt)
        timer.start()
        try:
            rows = self.opened.sql(f"SELECT * FROM ({sql}) LIMIT {MOST_ROWS + 1}").to_arrow_table()
        except (duckdb.InterruptException, duckdb.OutOfMemoryException):
            return "too long"
        except duckdb.Error:
            return "failed"
        finally:
            timer.cancel()
            timer.join()
        return rows if rows.num_rows <= MOST_ROWS else "too long"

    def count(self, sql: str) -> tuple[Any, ...] | None:
        """The first row of an answer."""
        rows = self.ask(sql)
        return None if isinstance(rows, str) or not rows.num_rows else tuple(rows.slice(0, 1).to_pylist()[0].values())


@contextmanager
def asking(files: Mapping[str, Path], twin: ResolvedTwin, *, scratch: Path, seconds: float) -> Iterator[Side]:
    """A side whose tables are in `files`. Where these say who is held out, `__entity` is null for those."""
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        opened.execute("SET threads = 1")  # sums in one order
        opened.execute(f"SET temp_directory = '{scratch.as_posix()}'")
        opened.execute("SET max_temp_directory_size = '10GB'")
        opened.execute("SET allowed_paths = $paths", {"paths": [str(path) for path in files.values()]})
        for item in twin.tables:
            path = files[item.name]
            columns = [f"CAST({quoted(one.name)} AS {one.sql_type}) AS {quoted(one.name)}" for one in item.table.columns]
            if {ENTITY, HOLDOUT} <= set(pq.read_schema(path).names):
                columns.append(f"CASE WHEN NOT {quoted(HOLDOUT)} THEN {quoted(ENTITY)} END AS {quoted(ENTITY)}")
            opened.execute(f"CREATE VIEW {quoted(item.name)} AS SELECT {', '.join(columns)} FROM {scan(path)}")
        opened.execute("SET enable_external_access = false")
        opened.execute("SET lock_configuration = true")
        yield Side(opened, seconds)
