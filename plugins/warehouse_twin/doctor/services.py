"""What a run talks to: Spark, MLflow, the DVC remote, Airflow. Quick looks by default; `deep` really talks to them."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from warehouse_twin.doctor.finding import Finding
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.settings import Settings

SECONDS = 5
NOT_ASKED = "not asked: twin doctor --deep does"
PLUGINS = {
    "s3": "dvc_s3", "gs": "dvc_gs", "azure": "dvc_azure", "ssh": "dvc_ssh", "webdav": "dvc_webdav", "webdavs": "dvc_webdav",
    "hdfs": "dvc_hdfs", "webhdfs": "dvc_webhdfs", "oss": "dvc_oss", "gdrive": "dvc_gdrive", "http": "dvc_http", "https": "dvc_http",
}  # fmt: skip
"""Kind of a DVC remote → the module that speaks to it."""


def spark(settings: Settings, deep: bool) -> Iterator[Finding]:
    what = f"pyspark {version('pyspark')}, master {settings.spark_master}"
    address = urlsplit(settings.spark_master)
    if address.scheme == "spark" and address.hostname:
        try:
            socket.create_connection((address.hostname, address.port or 7077), timeout=SECONDS).close()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            yield Finding("spark", "fail", f"{what}: does not answer ({reason})", "start it, or unset TWIN_SPARK_MASTER")
            return
    if not deep:
        yield Finding("spark", "ok", f"{what}, not started: twin doctor --deep does")
        return
    from warehouse_twin.spark_session import spark_session

    with spark_session(settings, name="doctor") as session:
        counted = session.range(3).count()
    yield Finding("spark", "ok" if counted == 3 else "fail", f"{what}, a session counted to {counted}")


def mlflow(settings: Settings, deep: bool) -> Iterator[Finding]:
    from warehouse_twin.lineage.tracking import connected, sqlite_file, without_credentials

    where, database = without_credentials(settings.mlflow_uri), sqlite_file(settings.mlflow_uri)
    if database is not None and not database.exists():
        yield Finding("mlflow", "ok", f"{database}, made by the first run")
    elif deep:
        with connected(settings, create=False) as client:
            count = len(client.search_experiments(max_results=1000))
        yield Finding("mlflow", "ok", f"{where}: {count} experiments")
    elif database is not None:
        yield _database(database)
    elif where.startswith(("http://", "https://")):
        yield _server(where)
    else:
        yield Finding("mlflow", "ok", f"{where}, {NOT_ASKED}")


def _database(file: Path) -> Finding:
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=SECONDS) as opened:
            (count,) = opened.execute("SELECT count(*) FROM experiments").fetchone()
        opened.close()
    except sqlite3.Error as error:
        return Finding("mlflow", "fail", f"{file} cannot be read ({type(error).__name__})", f"restore {file} from a backup")
    return Finding("mlflow", "ok", f"{file}: {count} experiments")


def _server(url: str) -> Finding:
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=SECONDS) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code  # it answers; whether it lets us in is asked with --deep
    except OSError as error:
        reason = getattr(error, "reason", error)
        return Finding("mlflow", "fail", f"{url} does not answer ({type(reason).__name__})", "start it, or set TWIN_MLFLOW_URI")
    return Finding("mlflow", "ok", f"{url} answers ({status})")


def dvc_remote(settings: Settings, deep: bool) -> Iterator[Finding]:
    from warehouse_twin.lineage.tracking import without_credentials

    where = without_credentials(settings.dvc_remote)
    kind, separator, _ = settings.dvc_remote.partition("://")
    if not separator or kind == "file":
        yield _folder(Path(settings.dvc_remote.removeprefix("file://")))
        return
    module = PLUGINS.get(kind)
    if module is not None and importlib.util.find_spec(module) is None:
        name = module.replace("_", "-")
        yield Finding("dvc remote", "fail", f"{where}: {name} is not installed", f"pip install {name}")
        return
    if deep and (settings.workspace.registry / ".dvc").is_dir():
        from warehouse_twin.releases.storage import Storage

        if not Storage(settings.workspace.registry, settings.dvc_remote).answers():
            yield Finding("dvc remote", "fail", f"{where} does not answer", f"dvc push -v in {settings.workspace.registry}")
            return
        yield Finding("dvc remote", "ok", f"{where} answers")
        return
    yield Finding("dvc remote", "ok", f"{where}, {'asked once there is a release' if deep else NOT_ASKED}")


def _folder(folder: Path) -> Finding:
    place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Finding("dvc remote", "fail", f"{place} may not be written by this user", f"sudo chown -R $(id -un) {place}")
    return Finding("dvc remote", "ok", f"{folder}{'' if folder.exists() else ', made by the first release'}")


def airflow(settings: Settings, deep: bool) -> Iterator[Finding]:
    """The pools are asked of the Airflow this process would talk to; without AIRFLOW_HOME there is none but the demo's own."""
    what = f"apache-airflow {version('apache-airflow')}"
    if not os.environ.get("AIRFLOW_HOME"):
        yield Finding("airflow", "ok", f"{what}; AIRFLOW_HOME is not set, so only the embedded one was meant")
    elif not deep:
        yield Finding("airflow", "ok", f"{what}, pools {NOT_ASKED}")
    else:
        missing = _missing_pools()
        if missing:
            mend = "python -m warehouse_twin.operators.pools --make"
            yield Finding("airflow", "fail", f"{what}: no pool {', '.join(missing)}; their tasks would never start", mend)
        else:
            yield Finding("airflow", "ok", f"{what}, with all pools")


def _missing_pools() -> list[str]:
    """In a process of its own: Airflow configures itself, and logging, when it is imported."""
    command = [sys.executable, "-m", "warehouse_twin.operators.pools"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode != 0:
        raise ConfigurationError("Airflow's metadata cannot be read; next: airflow db check")
    return [str(name) for name in json.loads(done.stdout.splitlines()[-1])]
