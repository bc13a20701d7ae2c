"""The registry's git: what was committed and tagged, and with whose name.

The registry lies below a project that is a git repository too, so every command names its own git folder, and nothing of
the caller's environment (GIT_DIR in a hook, an author, a template with hooks) reaches it. Writers hold the registry's lock.
"""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from warehouse_twin.errors import ConfigurationError, IntegrityError, TransientError, TwinError

BRANCH = "main"
STALE_SECONDS = 5.0
"""A lock file of git this old, while we hold the registry's own lock, was left by a killed process."""

_CONFIGURATION = {
    "user.name": "warehouse-twin",
    "user.email": "warehouse-twin@localhost",
    "commit.gpgsign": "false",
    "tag.gpgsign": "false",
    "core.autocrlf": "false",
    "core.hooksPath": os.devnull,
    "core.excludesFile": os.devnull,  # somebody's global *.html must not keep a report out
    "gc.autoDetach": "false",
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tag:
    """An annotated tag: the commit it names and when it was made (ISO 8601)."""

    name: str
    commit: str
    created_at: str


@dataclass(frozen=True, slots=True)
class History:
    """The git repository at `root`."""

    root: Path

    @property
    def begun(self) -> bool:
        """Whether anything was ever committed."""
        folder = self.root / ".git"
        return (folder / "refs" / "heads" / BRANCH).exists() or (folder / "packed-refs").exists()

    def begin(self) -> None:
        """Make the repository, or bring its configuration up to date."""
        self._clear_stale_locks()
        if not self.begun:
            # Once more does no harm, and mends what a kill left half made. A template of the machine's could bring hooks.
            self.root.mkdir(parents=True, exist_ok=True)
            self._run("init", "--quiet", "--template=", f"--initial-branch={BRANCH}")
        present = dict(line.split("=", 1) for line in self._run("config", "--local", "--list").splitlines() if "=" in line)
        for name, value in _CONFIGURATION.items():
            if present.get(name.lower()) != value:
                self._run("config", "--local", name, value)

    def commit(self, paths: Sequence[str], message: str) -> None:
        """Commit files and folders as they stand, and nothing else; no commit when nothing changed."""
        self._run("add", "--all", "--", *paths)
        if self._run("diff", "--cached", "--name-only", "--", *paths):
            self._run("commit", "--quiet", "--message", message, "--", *paths)

    def tag(self, name: str, message: str) -> None:
        """Annotate the newest commit."""
        self._run("tag", "--annotate", "--message", message, name)

    def tags(self, pattern: str) -> tuple[Tag, ...]:
        """Annotated tags whose names match a pattern."""
        if not self.begun:
            return ()
        form = "%(refname:strip=2)%09%(*objectname)%09%(taggerdate:iso-strict)"
        lines = self._run("for-each-ref", f"--format={form}", f"refs/tags/{pattern}").splitlines()
        found = (Tag(*line.split("\t")) for line in lines)
        return tuple(tag for tag in found if tag.commit)

    def read(self, revision: str, path: str) -> str:
        """A file's text as it was committed. Raises IntegrityError when it is not there, or not readable."""
        return self._run("show", f"{revision}:{path}", error=IntegrityError)

    def files(self, revision: str, folder: str) -> tuple[str, ...]:
        """The committed files below a folder."""
        return tuple(self._run("ls-tree", "-r", "--name-only", revision, "--", folder).splitlines())

    def restore(self, revision: str, path: str) -> None:
        """Bring a file of the work tree back to what was committed."""
        self._run("restore", f"--source={revision}", "--worktree", "--", path)

    def changed(self, revision: str, path: str) -> tuple[str, ...]:
        """Committed files below `path` that differ in the work tree or are gone from it."""
        return tuple(self._run("diff", "--name-only", "--no-ext-diff", revision, "--", path).splitlines())

    def _run(self, *arguments: str, error: type[TwinError] = TransientError) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment |= {"LC_ALL": "C.UTF-8", "GIT_TERMINAL_PROMPT": "0"}
        place = [f"--git-dir={self.root / '.git'}", f"--work-tree={self.root}", "-c", "core.quotePath=false"]
        try:
            done = subprocess.run(["git", *place, *arguments], cwd=self.root, env=environment, capture_output=True, check=False)
        except FileNotFoundError:
            raise ConfigurationError(f"git is not on the PATH; the registry {self.root} needs it; next: install git") from None
        if done.returncode != 0:
            reason = done.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise error(f"registry {self.root}: git {arguments[0]} failed: {reason}; next: git fsck there")
        return done.stdout.decode()

    def _clear_stale_locks(self) -> None:
        """Remove lock files that killed processes left; a young one may be the last breath of a killed parent's child."""
        folder = self.root / ".git"
        for lock in [*folder.glob("*.lock"), *(folder / "refs").rglob("*.lock")]:
            try:
                while time.time() - lock.stat().st_mtime < STALE_SECONDS:
                    time.sleep(0.1)
                lock.unlink()
                logger.warning("registry %s: removed %s, left by a killed process", self.root, lock.name)
            except FileNotFoundError:
                continue


def code_commit(folder: Path) -> str:
    """The commit a folder is checked out at, `-dirty` behind it when files changed since; `unknown` outside git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 and done.stdout.strip() else "unknown"
