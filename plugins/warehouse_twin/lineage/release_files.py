"""A release as git holds it: read from the objects behind its tag, never from the work tree, which anybody can edit."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warehouse_twin.errors import IntegrityError
from warehouse_twin.lineage.naming import release_name
from warehouse_twin.releases.registry import RECORD, folder_of
from warehouse_twin.workspace import Workspace

SECONDS = 600
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",  # an audit writes nothing, the index included
    "GIT_NO_REPLACE_OBJECTS": "1",  # `git replace` would show other content under the same digest
    "GIT_TERMINAL_PROMPT": "0",
}


def git(registry: Path, *arguments: str) -> bytes:
    """What a git command prints. Raises IntegrityError with its complaint when it fails."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}  # inside a hook GIT_DIR is another one
    try:
        command = ["git", f"--git-dir={registry / '.git'}", *arguments]
        done = subprocess.run(command, capture_output=True, env=inherited | _ENVIRONMENT, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise IntegrityError(f"git {arguments[0]} in {registry}: no answer in {SECONDS} s") from None
    if done.returncode != 0:
        text = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines() or ["no message"]
        raise IntegrityError(f"git {arguments[0]}: {text[0][:200]}")
    return done.stdout


def commit_of(registry: Path, tag: str) -> str:
    """The commit an annotated tag stands on."""
    return git(registry, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}").decode().strip()


def tagged_file(registry: Path, tag: str, path: str) -> bytes:
    """A file's bytes as the tag holds them."""
    return git(registry, "cat-file", "blob", f"refs/tags/{tag}:{path}")


def tagged_paths(registry: Path, tag: str, folder: str) -> list[str]:
    """Paths of all files below a folder in the tag, relative to that folder."""
    listed = git(registry, "ls-tree", "-r", "-z", "--name-only", f"refs/tags/{tag}:{folder}").decode()
    return [path for path in listed.split("\0") if path]


def release_file(workspace: Workspace, twin: str, release: int) -> tuple[str, Mapping[str, Any]]:
    """sha256 and content of a release's `release.json`, from its tag. Raises IntegrityError when it is not readable."""
    name = release_name(twin, release)
    content = tagged_file(workspace.registry, name, f"{folder_of(twin, release)}/{RECORD}")
    try:
        facts = json.loads(content)
    except ValueError:
        raise IntegrityError(f"{name}: release.json in the tag is not JSON; the registry is damaged: restore it") from None
    return hashlib.sha256(content).hexdigest(), facts
