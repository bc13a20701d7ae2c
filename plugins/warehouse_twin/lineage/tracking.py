"""The connection to MLflow: quiet, made once, and with errors that say whether to try again.

MLflow prints, phones home and draws progress bars unless told not to, and takes seconds to import and, the first time, to
make its database. So it is imported here alone, inside functions, and a SQLite database is made whole under a lock.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from warehouse_twin.errors import IntegrityError, TerminalError, TransientError, TwinError
from warehouse_twin.locking import exclusive
from warehouse_twin.settings import Settings
from warehouse_twin.workspace import WORK_PREFIX

LOCK = "mlflow"

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_CONFIGURE_LOGGING": "false",  # its handlers write to stderr, which Airflow shows as errors
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",  # no connection outlives its call, so a fork shares none
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",  # default 7, with pauses that double: minutes
    "GIT_PYTHON_REFRESH": "quiet",
}
_TRANSIENT = {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED", "ABORTED", "CANCELLED", "DEADLINE_EXCEEDED"}

_DAMAGED = ("file is not a database", "database disk image is malformed", "malformed database schema")  # SQLite's own words


def without_credentials(uri: str) -> str:
    """A URI as it may be shown: no user, no password, no query."""
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl() if parts.netloc else uri.partition("?")[0]


def sqlite_file(uri: str) -> Path | None:
    """The file of a SQLite URI; None for any other."""
    return Path(uri.removeprefix("sqlite:///").partition("?")[0]) if uri.startswith("sqlite:///") else None


@contextmanager
def errors_of(uri: str) -> Iterator[None]:
    """Turn what MLflow, its database and its requests raise into our errors, without the URI's credentials."""
    try:
        yield
    except TwinError:
        raise
    except Exception as error:
        code = str(getattr(error, "error_code", ""))
        kind = type(error).__module__.partition(".")[0]
        where = without_credentials(uri)
        if any(text in str(error) for text in _DAMAGED):
            raise IntegrityError(f"MLflow at {where}: the database is damaged ({_brief(error, uri)}); restore it from a backup") from None
        if code in _TRANSIENT or (not code and kind in {"sqlalchemy", "sqlite3", "requests", "urllib3"}):
            raise TransientError(
                f"MLflow at {where}: cannot be used ({_brief(error, uri)}); start it or set TWIN_MLFLOW_URI, then run the stage again"
            ) from None
        if kind == "mlflow":
            raise TerminalError(f"MLflow at {where}: refused ({_brief(error, uri)}); next: mlflow doctor, and the release's run") from None
        raise


def _brief(error: Exception, uri: str) -> str:
    """The first line of a message, with what could be a password struck out."""
    text = (str(error).strip().splitlines() or [""])[0].replace(uri, without_credentials(uri))
    return f"{type(error).__name__}: {re.sub(r'//[^/@ ]*@', '//', text)[:300]}"


def quiet() -> None:
    """Tell MLflow to keep to itself; what the user has set stands."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)


@contextmanager
def connected(settings: Settings, *, create: bool) -> Iterator[Any]:
    """An `MlflowClient`, and the lock that keeps every other writer out for as long as the block lasts.

    With `create` a missing SQLite database is made; without, it is an IntegrityError. Raises TransientError when MLflow
    cannot be reached, LockedError when another process keeps the lock longer than the settings allow.
    """
    uri = settings.mlflow_uri
    database = sqlite_file(uri)
    if database is not None and not create and not database.exists():
        raise IntegrityError(f"MLflow's database {database}: missing; wanted the one that holds the lineage; restore it from a backup")
    quiet()
    with warnings.catch_warnings(), errors_of(uri):
        warnings.simplefilter("ignore")  # of its own use of SQLAlchemy and pydantic: nothing a user of ours can act on
        with exclusive(settings.workspace.lock(LOCK), wait_seconds=settings.lock_seconds):
            import mlflow
            from mlflow import MlflowClient

            if database is not None and not database.exists():
                _make_database(database, settings)
            mlflow.set_tracking_uri(uri)  # parts of MLflow's own registry ask for the process's URI, not the client's
            mlflow.set_registry_uri(uri)
            yield MlflowClient(tracking_uri=uri, registry_uri=uri)


def _make_database(database: Path, settings: Settings) -> None:
    """A SQLite database that appears whole or not at all: its hundred migrations are not one transaction."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    database.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=WORK_PREFIX) as folder:
        made = Path(folder) / database.name
        store = SqlAlchemyStore(f"sqlite:///{made}", artifact_root(settings, "default"))
        store.engine.dispose()
        os.replace(made, database)


def artifact_root(settings: Settings, twin: str) -> str | None:
    """Where artefacts of a twin's experiment lie: in the workspace; None leaves it to a tracking server."""
    if settings.mlflow_uri.startswith(("http://", "https://")):
        return None
    return (settings.workspace.mlflow / "artifacts" / twin).absolute().as_uri()
