"""Runs: which release a stage works on, and how far that release has come.

A run is `open` until its verdict: a failed one makes it `rejected` for good; a passed one goes on to `released`.
A release number is never used for two verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from warehouse_twin.workspace import Workspace, read_json, write_json

State = Literal["open", "rejected", "released"]


@dataclass(frozen=True, slots=True)
class Run:
    """One release of one twin, as far as it has come."""

    twin: str
    release: int
    state: State

    @property
    def closed(self) -> bool:
        return self.state != "open"


def _file(workspace: Workspace, twin: str, release: int) -> Path:
    return workspace.run(twin, release) / "run.json"


def mark(workspace: Workspace, twin: str, release: int, state: State) -> None:
    write_json(_file(workspace, twin, release), {"twin": twin, "release": release, "state": state})


def forget(workspace: Workspace, twin: str, release: int) -> None:
    """Drop the record of a run that never was resolved: its manifest was at fault, and its number is free again."""
    file = _file(workspace, twin, release)
    file.unlink(missing_ok=True)
    if file.parent.is_dir() and not any(file.parent.iterdir()):
        file.parent.rmdir()


def read_run(workspace: Workspace, twin: str, release: int) -> Run | None:
    path = _file(workspace, twin, release)
    return Run(**read_json(path)) if path.exists() else None


def runs_of(workspace: Workspace, twin: str) -> tuple[Run, ...]:
    """All runs of a twin, oldest first."""
    folder = workspace.root / "runs" / twin
    numbers = sorted(int(path.parent.name) for path in folder.glob("*/run.json") if path.parent.name.isdigit())
    return tuple(run for number in numbers if (run := read_run(workspace, twin, number)) is not None)


def current_release(workspace: Workspace, twin: str, stage: str) -> int:
    """The release a stage works on when none is named: the open run, or else a new one.

    `release` and `publish` go on with the newest run when it has passed its gate.
    """
    runs = runs_of(workspace, twin)
    if not runs:
        return 1
    newest = runs[-1]
    if not newest.closed or (newest.state == "released" and stage in ("release", "publish")):
        return newest.release
    return newest.release + 1
