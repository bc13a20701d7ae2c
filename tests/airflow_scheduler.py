"""`airflow standalone` of a project: started in a session of its own, asked over its API, stopped with all it started.

Airflow's standalone does not take its children along when it is told to end, and each task is a process group of its own: so
every process of the session is ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 300
STOP_SECONDS = 20


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@dataclass
class Scheduler:
    """A running scheduler: `ask` reads Airflow's API, `until` waits for something and shows the logs when it does not come."""

    process: subprocess.Popen[bytes]
    url: str
    home: Path
    log: Path
    token: str = ""

    def ask(self, path: str, *, method: str = "GET", body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, headers=headers, data=data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def until(self, what: str, check: Callable[[], Any], *, seconds: float) -> Any:
        """What `check` returns as soon as it is true. An API that is not up yet is as good as false."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the scheduler ended with {self.process.returncode}\n{self.diagnosis()}"
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                if found := check():
                    return found
            time.sleep(0.5)
        raise AssertionError(f"{what}: not within {seconds:.0f} s\n{self.diagnosis()}")

    def runs(self) -> dict[str, list[dict[str, Any]]]:
        """Runs by DAG, the oldest first."""
        found: dict[str, list[dict[str, Any]]] = {}
        for run in self.ask("/api/v2/dags/~/dagRuns?order_by=run_after&limit=100")["dag_runs"]:
            found.setdefault(run["dag_id"], []).append(run)
        return found

    def tasks(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances")["task_instances"]
        return found

    def unpause(self, dag: str) -> None:
        self.ask(f"/api/v2/dags/{dag}", method="PATCH", body={"is_paused": False})

    def diagnosis(self) -> str:
        """Tasks that did not succeed, the ends of their logs, and the end of the scheduler's own."""
        parts = [f"── {self.log}", *self.log.read_text(errors="replace").splitlines()[-40:]]
        for log in sorted((self.home / "logs").glob("dag_id=*/**/attempt=*.log"), key=lambda path: path.stat().st_mtime)[-6:]:
            parts += [f"── {log.relative_to(self.home)}", *log.read_text(errors="replace").splitlines()[-12:]]
        with contextlib.suppress(OSError):
            states = {dag: [run["state"] for run in runs] for dag, runs in self.runs().items()}
            parts += [f"── runs: {states}"]
        return "\n".join(parts)

    def processes(self) -> dict[int, str]:
        """Everything that runs in this scheduler's session: process id → command line."""
        found = {}
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if folder.name.isdecimal():
                    state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
                    if int(session) == self.process.pid and state != "Z":
                        found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        return found

    def worker_of(self, task: dict[str, Any]) -> int | None:
        """The process in which a task instance runs; its supervisor has another title."""
        return next((pid for pid, title in self.processes().items() if title == f"airflow worker -- {task['id']}"), None)

    def stop(self) -> None:
        """End all of it, first with a request; after that nothing is left."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + STOP_SECONDS
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            while self.processes() and time.monotonic() < deadline:
                self.process.poll()
                time.sleep(0.2)
        self.process.wait(timeout=STOP_SECONDS)


@contextlib.contextmanager
def scheduler(root: Path, environment: dict[str, str], *, home: Path) -> Iterator[Scheduler]:
    """The scheduler of the project at `root`, ready; its DAGs are paused."""
    api, worker_logs, trigger_logs = free_ports(3)
    own = {
        "AIRFLOW__API__PORT": str(api),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(worker_logs),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_logs),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
    }
    log = root / "scheduler.log"
    command = [sys.executable, "-m", "warehouse_twin.operators.embedded", "--serve"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=root, env=environment | own, stdout=output, stderr=output, start_new_session=True)
    made = Scheduler(process, f"http://127.0.0.1:{api}", home, log)
    try:
        made.token = made.until("a token", lambda: made.ask("/auth/token")["access_token"], seconds=START_SECONDS)
        made.until("the tasks' own API", lambda: made.ask("/execution/health"), seconds=START_SECONDS)
        yield made
    finally:
        made.stop()
