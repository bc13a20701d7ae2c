"""The machine: Python, Java, git, memory, disk, and the folder that everything is written to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from warehouse_twin.doctor.finding import Finding, Status
from warehouse_twin.doctor.java import check_java
from warehouse_twin.locking import exclusive
from warehouse_twin.settings import Settings

WANTED_PYTHON = (3, 11)
GB = 1e9
LEAST_DISK, GOOD_DISK = 1 * GB, 5 * GB
"""A run of small tables writes some hundred megabytes; a run of millions of rows, gigabytes."""
GOOD_MEMORY = 4 * GB


def python(settings: Settings, deep: bool) -> Iterator[Finding]:
    found = sys.version_info[:2]
    what = f"{sys.version.split()[0]}, {sys.executable}"
    if found == WANTED_PYTHON:
        yield Finding("python", "ok", what)
    else:
        yield Finding("python", "fail", f"{what}; wanted 3.11, which the pinned packages were measured on", "make PYTHON=python3.11 setup")


def java(settings: Settings, deep: bool) -> Iterator[Finding]:
    yield Finding("java", "ok", f"Java {check_java()}, for Spark")


def git(settings: Settings, deep: bool) -> Iterator[Finding]:
    """The registry of releases is a git repository."""
    program = shutil.which("git")
    if program is None:
        yield Finding("git", "fail", "not on the path; the registry of releases needs it", "sudo apt-get install git")
        return
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=20)
    yield Finding("git", "ok", done.stdout.strip())


def memory(settings: Settings, deep: bool) -> Iterator[Finding]:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    what = f"{total / GB:.0f} GB, {settings.spark_memory} of them for Spark's driver"
    if total >= GOOD_MEMORY:
        yield Finding("memory", "ok", what)
    else:
        yield Finding("memory", "warn", f"{what}; tables are held in memory whole", "a machine with 4 GB or more")


def disk(settings: Settings, deep: bool) -> Iterator[Finding]:
    place = _existing(settings.workspace.root)
    free = shutil.disk_usage(place).free
    status: Status = "ok" if free >= GOOD_DISK else "warn" if free >= LEAST_DISK else "fail"
    mend = "" if status == "ok" else "twin gc, or set TWIN_WORKSPACE to a folder on another disk"
    yield Finding("disk", status, f"{free / GB:,.1f} GB free for {settings.workspace.root}", mend)


def workspace(settings: Settings, deep: bool) -> Iterator[Finding]:
    """May it be written, is its secure part closed to others, and do locks hold there?"""
    root, place = settings.workspace.root, _existing(settings.workspace.root)
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding("workspace", "fail", f"{place} may not be written by this user", f"sudo chown -R $(id -un) {place}")
        return
    if root.is_dir():
        for part, mode in (("secure", 0o700), ("secret.key", 0o600)):
            path = root / part
            if path.exists() and path.stat().st_mode & 0o077:
                what = f"{path} is open to other users; it holds what nobody else may read"
                yield Finding("workspace", "warn", what, f"chmod {mode:o} {path}")
    if deep:
        with exclusive(settings.workspace.lock("doctor"), wait_seconds=0):
            pass
    yield Finding("workspace", "ok", f"{root}{'' if root.exists() else ', made by the first run'}")


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())
