"""Run a twin's DAG once in this process, with no scheduler and no server: `python -m warehouse_twin.operators.embedded flights`.

Everything Airflow needs is below `<workspace>/airflow`: its configuration, SQLite metadata and the logs of each task,
where Airflow's own pages find them later (`--serve` opens them). The DAG is the one the scheduler would run, from the
same file; only the process is ours. A line is printed as each task starts and ends; everything else goes to the logs.

Airflow reads its configuration when it is first imported, so this module imports it only after `environment` is in
place. Exit status: 0 published, 1 the verdict failed, 2 it could not run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from warehouse_twin.errors import ConfigurationError, TwinError
from warehouse_twin.locking import exclusive
from warehouse_twin.settings import Settings, from_environment
from warehouse_twin.workspace import Workspace

_CHECKOUT = Path(__file__).resolve().parents[3]
INTERRUPTED = 130


def environment(workspace: Workspace, project: Path, *, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that keep Airflow inside the workspace; they must be set before Airflow is imported.

    `given` (default: this process's environment) may choose the port of the pages by AIRFLOW__API__PORT.
    """
    home = workspace.airflow
    port = (os.environ if given is None else given).get("AIRFLOW__API__PORT", "8080")
    return {
        "TWIN_PROJECT": str(project),
        "TWIN_WORKSPACE": str(workspace.root),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(home / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(_dags_folder(project)),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),  # empty: Airflow executes what it finds in that folder
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",  # the default starts some thirty processes
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",  # opening the pages must not start a scheduled run
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{port}/execution/",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",  # its first answer takes long, and after four times 5 s the task failed
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),  # the default is the system's /tmp
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PYTHONPATH": _python_path(),
    }


def _dags_folder(project: Path) -> Path:
    """The project's own, or that of the checkout this package runs from."""
    for root in (project, _CHECKOUT):
        if (root / "dags" / "digital_twins.py").is_file():
            return root / "dags"
    raise ConfigurationError(f"no dags/digital_twins.py in {project}; next: copy it from warehouse-twin, or set TWIN_PROJECT")


def _python_path() -> str:
    """What makes the package importable for the processes that `airflow standalone` starts."""
    package_home = str(Path(__file__).resolve().parents[2])
    given = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part and part != package_home]
    return os.pathsep.join([package_home, *given])


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = from_environment()
        os.environ.update(environment(settings.workspace, settings.project))
        if options.serve:
            return _serve(settings)
        from warehouse_twin.operators.in_process import run

        with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as terminal:  # the run sends its own output to its logs
            done = run(options.twin, settings=settings, on_progress=_silent if options.json else _to(terminal))
    except TwinError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write(f"{options.twin}: interrupted\n")
        return INTERRUPTED
    if options.json:
        sys.stdout.write(json.dumps(asdict(done), sort_keys=True) + "\n")
    elif done.state != "success":
        sys.stderr.write(f"{done.twin}: {done.failed_task or 'the run'} failed: {done.reason}\nlogs: {done.log_folder}\n")
    return done.exit_status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m warehouse_twin.operators.embedded", description="Run one twin's DAG in this process.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("twin", nargs="?", help="the twin to run")
    what.add_argument("--serve", action="store_true", help="open Airflow's pages on the runs made so far (airflow standalone)")
    parser.add_argument("--json", action="store_true", help="no progress, one JSON object at the end")
    return parser


def _serve(settings: Settings) -> int:
    """Become `airflow standalone`; Ctrl-C ends it. It starts its parts by the bare name `airflow`."""
    from warehouse_twin.operators.in_process import prepare_metadata

    workspace = settings.workspace
    with exclusive(workspace.lock("airflow-metadata"), wait_seconds=settings.lock_seconds):
        prepare_metadata(workspace.airflow)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    os.execv(sys.executable, [sys.executable, "-m", "airflow", "standalone"])


def _to(stream: TextIO) -> Callable[[str], None]:
    def say(text: str) -> None:
        stream.write(text + "\n")
        stream.flush()

    return say


def _silent(text: str) -> None:
    """No progress beside JSON."""


if __name__ == "__main__":
    raise SystemExit(main())
