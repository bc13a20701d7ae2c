"""The inside of an embedded run: metadata on first use, the DAG from its file, `dag.test()`, logs where Airflow looks for them.

Only `embedded` calls this, after it has set the environment. Output is redirected as file descriptors, since a JVM, dbt
and progress bars write past `sys.stdout`: while a task runs to the task's own log, between tasks to `logs/embedded/`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.listeners import hookimpl
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTerminated

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.locking import exclusive
from warehouse_twin.manifest.loading import find_manifest, load
from warehouse_twin.operators import pools
from warehouse_twin.operators.base import VerdictFailed
from warehouse_twin.settings import Settings

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EmbeddedRun:
    """How a run ended. `failed_task` is the first task that failed for good, with its table when it is mapped."""

    twin: str
    run_id: str
    state: str
    seconds: float
    log_folder: str
    failed_task: str | None = None
    reason: str | None = None
    verdict_failed: bool = False

    @property
    def exit_status(self) -> int:
        if self.state == "success":
            return 0
        return 1 if self.verdict_failed else 2


def run(twin: str, *, settings: Settings, on_progress: Progress) -> EmbeddedRun:
    """Run the twin's DAG to its end. Raises ConfigurationError before anything starts, LockedError when it already runs."""
    load(find_manifest(twin, settings.twins))  # its faults are better said here than as a DAG that is not there
    workspace = settings.workspace
    logs = workspace.airflow / "logs"
    started = time.monotonic()
    with (
        exclusive(workspace.lock(f"airflow-{twin}"), wait_seconds=settings.lock_seconds, on_wait=_waiting(twin, on_progress)),
        _redirected(logs / "embedded" / f"{twin}.log") as output,
    ):
        with exclusive(workspace.lock("airflow-metadata"), wait_seconds=settings.lock_seconds):
            prepare_metadata(workspace.airflow)
        dag = _dag(twin)
        _close_killed_runs(twin)
        watch = _Watch(logs=logs, output=output, on_progress=on_progress)
        with _listening(watch):
            try:
                dag_run = dag.test()
            finally:
                _close_killed_runs(twin)
    return EmbeddedRun(
        twin=twin,
        run_id=str(dag_run.run_id),
        state=str(dag_run.state),
        seconds=round(time.monotonic() - started, 1),
        log_folder=str(logs / f"dag_id={twin}" / f"run_id={dag_run.run_id}"),
        failed_task=watch.failed_task,
        reason=watch.reason,
        verdict_failed=watch.verdict_failed,
    )


def _waiting(twin: str, on_progress: Progress) -> Callable[[str], None]:
    return lambda holder: on_progress(f"{twin}: waiting, its DAG is being run by {holder}")


def prepare_metadata(home: Path) -> None:
    """The metadata at this version of Airflow, with our pools."""
    from airflow.utils import db

    (home / "plugins").mkdir(parents=True, exist_ok=True)
    if not (home / "airflow.db").exists():
        db.initdb()
    else:
        try:
            db.check_migrations(timeout=1)
        except TimeoutError:
            db.upgradedb()
    pools.make()


def _dag(twin: str) -> Any:
    """The DAG object from the file that a scheduler would read."""
    from airflow.dag_processing.dagbag import DagBag

    file = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / "digital_twins.py"
    bag = DagBag(dag_folder=file, bundle_path=file.parent)
    if twin not in bag.dags:
        raise ConfigurationError(f"{file} has no DAG {twin}: {'; '.join(bag.import_errors.values()) or 'it does not build one'}")
    return bag.dags[twin]


def _close_killed_runs(twin: str) -> None:
    """Runs of ours that are still called running: their process is gone, or is ending now. The caller holds the DAG's lock."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, TaskInstanceState
    from airflow.utils.types import DagRunTriggeredByType
    from sqlalchemy import select

    with create_session() as session:
        ours = select(DagRun).where(
            DagRun.dag_id == twin, DagRun.state == DagRunState.RUNNING, DagRun.triggered_by == DagRunTriggeredByType.TEST
        )
        for dag_run in session.scalars(ours):
            for task in dag_run.get_task_instances(session=session):
                if task.state in (TaskInstanceState.RUNNING, TaskInstanceState.QUEUED, TaskInstanceState.UP_FOR_RETRY):
                    task.set_state(TaskInstanceState.FAILED, session=session)
            dag_run.set_state(DagRunState.FAILED)


@contextmanager
def _redirected(log: Path) -> Iterator[_Output]:
    output = _Output(log)
    try:
        yield output
    finally:
        output.restore()


class _Output:
    """This process's standard output and error, by file descriptor."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._saved = [os.dup(1), os.dup(2)]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        self.to(log)

    def to(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._replace([descriptor, descriptor])
        os.close(descriptor)

    def restore(self) -> None:
        self._replace(self._saved)
        for descriptor in self._saved:
            os.close(descriptor)

    def _replace(self, descriptors: list[int]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(descriptors[0], 1)
        os.dup2(descriptors[1], 2)


@contextmanager
def _listening(watch: _Watch) -> Iterator[None]:
    from airflow.sdk.listener import get_listener_manager

    manager = get_listener_manager()
    manager.add_listener(watch)
    try:
        yield
    finally:
        manager.pm.unregister(watch)


class _Watch:
    """Airflow tells it of every task: it says so in a line, and sends the task's output to the task's log."""

    def __init__(self, *, logs: Path, output: _Output, on_progress: Progress) -> None:
        self._logs = logs
        self._output = output
        self._on_progress = on_progress
        self._started = time.monotonic()
        self.failed_task: str | None = None
        self.reason: str | None = None
        self.verdict_failed = False

    @hookimpl
    def on_task_instance_running(self, previous_state: Any, task_instance: Any) -> None:
        self._started = time.monotonic()
        self._output.to(_log_file(self._logs, task_instance))
        self._on_progress(f"{_label(task_instance)} …")

    @hookimpl
    def on_task_instance_success(self, previous_state: Any, task_instance: Any) -> None:
        self._ended(task_instance, "nothing to do" if task_instance.task.skipped else "done")

    @hookimpl
    def on_task_instance_failed(self, previous_state: Any, task_instance: Any, error: BaseException | str | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            raise error  # Airflow would note it as a failure and try the task again
        reason = str(error) or type(error).__name__
        final = isinstance(error, (AirflowFailException, AirflowTaskTerminated)) or task_instance.try_number > task_instance.max_tries
        if not final:
            self._ended(task_instance, f"will be tried again: {reason.splitlines()[0]}")
            return
        if self.failed_task is None:
            self.failed_task, self.reason = _label(task_instance), reason
            self.verdict_failed = isinstance(error, VerdictFailed)
        self._ended(task_instance, f"failed: {reason.splitlines()[0]}")

    def _ended(self, task_instance: Any, how: str) -> None:
        self._on_progress(f"{_label(task_instance)}: {how} ({time.monotonic() - self._started:.1f} s)")
        self._output.to(self._output.log)


def _label(task_instance: Any) -> str:
    """`train flights`."""
    table = getattr(task_instance.task, "table", None)
    return f"{task_instance.task_id} {table}" if table else str(task_instance.task_id)


def _log_file(logs: Path, task_instance: Any) -> Path:
    """Where Airflow's pages look for a task's log (its default `log_filename_template`)."""
    folder = logs / f"dag_id={task_instance.dag_id}" / f"run_id={task_instance.run_id}" / f"task_id={task_instance.task_id}"
    if task_instance.map_index >= 0:
        folder /= f"map_index={task_instance.map_index}"
    return folder / f"attempt={task_instance.try_number}.log"
