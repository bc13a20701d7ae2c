"""Opening a DuckDB file, and what its errors become.

DuckDB locks the whole file: a writer shuts every other process out, readers too, and a reader shuts writers out. So every
opening is retried with a growing, jittered pause, and a connection lives no longer than the block it was opened for.
DuckDB's messages quote rows (`Duplicate key "id: 5"`), so only those made of names alone are passed on.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import duckdb

from warehouse_twin.errors import LockedError, SourceError, TerminalError, TransientError, TwinError, of_a_disk

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0
_OF_NAMES_ALONE = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.DependencyException)
_CONSTRAINT = re.compile(r"(primary key|foreign key|unique|not null|check) constraint", re.IGNORECASE)
_HOLDER = re.compile(r"held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")

logger = logging.getLogger(__name__)


@contextmanager
def connection(name: str, path: Path, *, read_only: bool, lock_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in UTC to the warehouse `name` at `path`; a file that is not there is made unless `read_only`.

    Raises SourceError when there is nothing to read, and LockedError, naming the holder, after `lock_seconds`.
    """
    if read_only and not path.exists():
        raise SourceError(f"warehouse {name}: no file {path}{_nearest_file(path)}; wanted a DuckDB database")
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
    opened = _open(name, path, read_only=read_only, lock_seconds=lock_seconds)
    try:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened
    finally:
        opened.close()


@contextmanager
def transaction(opened: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All statements of the block, or none."""
    opened.execute("BEGIN TRANSACTION")
    try:
        yield
        opened.execute("COMMIT")
    except BaseException:
        # A statement that fails may have ended the transaction already.
        try:
            opened.execute("ROLLBACK")
        except duckdb.TransactionException:
            logger.debug("nothing left to roll back")
        raise


@contextmanager
def without_values(what: str, *, error: type[TwinError] = TerminalError) -> Iterator[None]:
    """Turns DuckDB's errors into `error`, without the values its messages may hold."""
    try:
        yield
    except duckdb.Error as found:
        raise _told(what, found, error) from None


def nearest(wanted: str, known: list[str]) -> str:
    """A hint for a name that is not there."""
    folded = {name.casefold(): name for name in known}
    near = get_close_matches(wanted.casefold(), list(folded), n=1)
    if near:
        return f"; did you mean {folded[near[0]]}?"
    return f"; there are: {', '.join(sorted(known)[:10])}" if known else "; there are none"


def _open(name: str, path: Path, *, read_only: bool, lock_seconds: float) -> duckdb.DuckDBPyConnection:
    deadline, pause = time.monotonic() + lock_seconds, FIRST_PAUSE
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only)
        except duckdb.Error as error:
            holder = _holder(error)
            if holder is None:
                raise _told(f"warehouse {name}: {path}", error, SourceError) from None
        if time.monotonic() >= deadline:
            raise LockedError(
                f"warehouse {name}: {path} is held by {holder}; waited {lock_seconds:.1f} s; "
                "try again when it has ended, or raise TWIN_LOCK_SECONDS"
            )
        # Half of each pause is chance, so that two who wait do not meet again and again.
        time.sleep(min(pause * random.uniform(0.5, 1.0), max(deadline - time.monotonic(), 0.0)))
        pause = min(pause * 2, LONGEST_PAUSE)


def _holder(error: duckdb.Error) -> str | None:
    """Who holds the file, in words; None when the error is about something else."""
    text = str(error)
    if isinstance(error, duckdb.IOException) and "Could not set lock" in text:
        found = _HOLDER.search(text)
        return f"process {found['pid']} ({found['program']})" if found else "another process"
    if isinstance(error, duckdb.ConnectionException) and "different configuration" in text:
        return "this process, in the other mode"  # DuckDB opens a file for reading or for writing, once a process
    return None


def _told(what: str, error: duckdb.Error, kind: type[TwinError]) -> TwinError:
    first = str(error).partition("\n")[0]
    if full := of_a_disk(str(error)):
        return TransientError(f"{what}: {full}; next: make room, then try again")
    if isinstance(error, duckdb.OutOfMemoryException | duckdb.TransactionException):
        return TransientError(f"{what}: {type(error).__name__} in DuckDB; try again later")
    if isinstance(error, duckdb.IOException):
        return kind(f"{what}: {first}")
    if isinstance(error, _OF_NAMES_ALONE):
        return kind(f"{what}: {first}")
    constraint = _CONSTRAINT.search(first)
    reason = f"rows break a {constraint[1].lower()} constraint" if constraint else f"{type(error).__name__} in DuckDB"
    return kind(f"{what}: {reason} (its message is withheld: it may quote rows)")


def _nearest_file(path: Path) -> str:
    if not path.parent.is_dir():
        return f" (there is no folder {path.parent})"
    return nearest(path.name, [item.name for item in path.parent.iterdir() if item.is_file() and not item.name.endswith(".wal")])
