"""Opening a PostgreSQL database, and what its errors become.

The driver is ADBC: rows come and go as Arrow through COPY. A server's messages quote rows (`Key (id)=(5) already exists`) and
connection strings hold passwords, so a message is passed on only where it is made of names alone: by its SQLSTATE.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pyarrow as pa

from warehouse_twin.errors import LockedError, SourceError, TerminalError, TransientError, TwinError
from warehouse_twin.warehouses import literal
from warehouse_twin.warehouses.postgres_urls import shown

FIRST_WAIT, LONGEST_WAIT, LONGEST_PAUSE = 0.05, 0.8, 1.0
"""Seconds. Whoever waits for a lock holds up who comes after, and a reader who holds what is wanted next may want what is held
already: so the wait is given up before the server looks for a deadlock and ends the reader for it (after 1 s), and tried again."""
CONNECT_SECONDS = 15
_BUSY = ("55P03", "40P01", "40001")  # lock not available, deadlock, serialization failure
_PASSING = ("08", "53", "57", "58")  # connection lost, out of resources, shutting down, disk
_OF_NAMES_ALONE = ("3D", "3F", "42", "28", "0A", "2B")  # no such database or schema, names and rights, log-in, not supported, dependents
_REASONS = {
    "23502": "rows break a not null constraint",
    "23503": "rows break a foreign key constraint",
    "23505": "rows break a unique constraint",
    "23514": "rows break a check constraint",
    "22001": "a text is longer than its column takes",
    "22003": "a number is out of its column's range",
}
_SESSION = {
    "application_name": "warehouse-twin",
    "client_min_messages": "warning",
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",  # the shortest text that reads back as the same number
    "standard_conforming_strings": "on",
    "row_security": "off",  # a policy that would hide rows is an error, not a smaller table
}
_DETAIL = re.compile(r"\s*(?:DETAIL|HINT|CONTEXT|QUERY|LINE \d+|SQLSTATE|WHERE|STATEMENT)\s*:", re.DOTALL)

Done = TypeVar("Done")
logger = logging.getLogger(__name__)


class Opened:
    """A connection in UTC within a transaction that begins by itself; statements give their rows."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def execute(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

    def arrow(self, query: str) -> pa.Table:
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetch_arrow_table()

    def ingest(self, name: str, rows: pa.Table) -> None:
        """The rows as a new temporary table."""
        with self.connection.cursor() as cursor:
            cursor.adbc_ingest(name, rows, mode="create", temporary=True)

    def commit(self) -> None:
        self.connection.commit()

    def rollback(self) -> None:
        self.connection.rollback()


@contextmanager
def connection(name: str, url: str, *, wait: float = LONGEST_WAIT) -> Iterator[Opened]:
    """A connection to the warehouse `name`, which waits so many seconds for a lock; what is not committed is rolled back.

    Raises TransientError when there is no server, SourceError when it lets us not in.
    """
    from adbc_driver_postgresql import dbapi

    with without_values(f"warehouse {name}: {shown(url)}", error=SourceError):
        made = dbapi.connect(_timed(url))
    try:
        opened = Opened(made)
        with without_values(f"warehouse {name}: {shown(url)}", error=SourceError):
            session = _SESSION | {"lock_timeout": str(int(wait * 1000)), "search_path": ""}
            opened.rows("SELECT " + ", ".join(f"set_config({literal(name)}, {literal(value)}, false)" for name, value in session.items()))
            opened.commit()
        yield opened
    finally:
        _closed(made)


def set_search(opened: Opened, schemas: tuple[str, ...]) -> None:
    path = ", ".join('"' + schema.replace('"', '""') + '"' for schema in schemas) or "''"
    opened.execute(f"SET search_path = {path}")


def _closed(made: Any) -> None:
    """Closing rolls back; a connection that is broken has nothing to roll back."""
    from adbc_driver_manager import Error

    try:
        made.rollback()
    except Error:
        logger.debug("nothing left to roll back")
    made.close()


def retried(name: str, what: str, work: Callable[[float], Done], *, lock_seconds: float) -> Done:
    """`work`, a whole transaction, again and again while others hold what it wants.

    It is told how long to wait for a lock at once. Raises LockedError after `lock_seconds`.
    """
    deadline, wait, pause = time.monotonic() + lock_seconds, FIRST_WAIT, FIRST_WAIT
    while True:
        try:
            return work(wait)
        except LockedError:
            if time.monotonic() >= deadline:
                raise LockedError(
                    f"warehouse {name}: {what} is locked by others; waited {lock_seconds:.1f} s; "
                    "try again when they have ended, or raise TWIN_LOCK_SECONDS"
                ) from None
        # Half of each pause is chance, so that two who wait do not meet again and again.
        time.sleep(pause * random.uniform(0.5, 1.0))
        wait, pause = min(wait * 1.3, LONGEST_WAIT), min(pause * 1.3, LONGEST_PAUSE)


@contextmanager
def without_values(what: str, *, error: type[TwinError] = TerminalError) -> Iterator[None]:
    """Turns the driver's errors into `error`, without the values and secrets its messages may hold."""
    from adbc_driver_manager import Error

    try:
        yield
    except Error as found:
        raise _told(what, found, error) from None


def _told(what: str, found: Any, kind: type[TwinError]) -> TwinError:
    state, text = found.sqlstate or "", str(found)
    if state in _BUSY:
        return LockedError(f"{what}: somebody else holds it; try again later")
    if state.startswith(_PASSING):
        return TransientError(f"{what}: {_first(text)}; try again later")
    if state in _REASONS:
        return kind(f"{what}: {_REASONS[state]} (the server's message is withheld: it may quote rows)")
    if state.startswith(_OF_NAMES_ALONE):
        return kind(f"{what}: {_first(text)}")
    if not state and "Failed to connect" in text:
        return _not_connected(what, text, kind)
    if not state and ("server closed the connection" in text or "no connection to the server" in text):
        return TransientError(f"{what}: the server closed the connection; try again later")
    return kind(f"{what}: {type(found).__name__} {state or 'in PostgreSQL'} (its message is withheld: it may quote rows)")


def _not_connected(what: str, text: str, kind: type[TwinError]) -> TwinError:
    """libpq's reasons name host, user and database, never the password."""
    reason = text.rpartition("failed: ")[2].strip().splitlines()[0].rstrip(".?")
    if "FATAL" in reason and not any(word in reason for word in ("starting up", "shutting down", "too many", "remaining connection")):
        return kind(f"{what}: {reason.replace('FATAL:  ', '')}; next: correct the connection")
    return TransientError(
        f"{what}: cannot be reached ({reason.replace('FATAL:  ', '')}); next: start the server, or correct the connection"
    )


def _first(text: str) -> str:
    """The message's own sentence, without the statement and the details that follow it."""
    sentence = _DETAIL.split(text.rpartition("ERROR:")[2], maxsplit=1)[0] if "ERROR:" in text else _DETAIL.split(text, maxsplit=1)[0]
    return " ".join(sentence.split()).rstrip(".")


def _timed(url: str) -> str:
    """The URL with a limit on how long connecting may take, unless it says so itself."""
    if "connect_timeout=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}connect_timeout={CONNECT_SECONDS}"
