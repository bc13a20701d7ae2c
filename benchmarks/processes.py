"""What a command costs: wall and CPU time of all its processes, and the memory of each kind, read from /proc (Linux).

Spark's JVM and its Python workers are not children that anybody waits for, so `getrusage` misses them: every process of the
command's session is looked at instead, many times a second, and what was last seen of each is added up.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAUSE = 0.1
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Seconds, and peaks in MB: of the command's own process, of the JVM, and of Spark's Python workers taken together."""

    wall_s: float
    cpu_s: float
    driver_mb: int
    jvm_mb: int
    workers_mb: int


def measured(command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Usage:
    """Run a command to its end. Raises CalledProcessError, with what it wrote to standard error, when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env=dict(env), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    cpu: dict[int, float] = {}
    peaks = {"driver": 0, "jvm": 0, "workers": 0}
    while process.poll() is None:
        now = dict.fromkeys(peaks, 0)
        for pid in _session(process.pid):
            kind = "driver" if pid == process.pid else _kind(pid)
            cpu[pid] = max(cpu.get(pid, 0.0), _cpu(pid))
            now[kind] += _resident(pid)
        peaks = {kind: max(peak, now[kind]) for kind, peak in peaks.items()}
        time.sleep(PAUSE)
    wall = time.perf_counter() - started
    errors = process.stderr.read() if process.stderr else ""
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=errors)
    return Usage(wall, sum(cpu.values()), *(peaks[kind] >> 20 for kind in ("driver", "jvm", "workers")))


def _session(leader: int) -> list[int]:
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) and int(fields[3]) == leader:
            found.append(int(entry.name))
    return found


def _stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat from the third on; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _resident(pid: int) -> int:
    """Bytes; pages that workers share with the process they were forked from count for each."""
    fields = _stat(pid)
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def _kind(pid: int) -> str:
    try:
        return "jvm" if Path(f"/proc/{pid}/comm").read_text().strip() == "java" else "workers"
    except OSError:
        return "workers"
