"""A registry killed with -9 at any point ends, when the same is done again, as one that was never disturbed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from warehouse_twin.releases.registry import Registry

MakeFiles = Callable[..., dict[str, Path]]
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise:DeprecationWarning")  # DVC 3.67 on pygtrie 2.6

ADD = """
import json, os, pathlib, signal, sys
from warehouse_twin.releases.registry import Registry
import dvc.repo
asked = json.loads(sys.argv[1])
def on_step(step):
    if step == asked["step"]:
        os.kill(os.getpid(), signal.SIGKILL)
registry = Registry(pathlib.Path(asked["root"]), asked["remote"], pathlib.Path(asked["lock"]), 20)
print("ready", flush=True)
registry.add("shop", asked["number"], {name: pathlib.Path(path) for name, path in asked["files"].items()}, on_step=on_step)
"""


def start(registry: Registry, number: int, files: dict[str, Path], *, step: str = "") -> subprocess.Popen[str]:
    """Another process adds a release, and kills itself once `step` is done."""
    asked = {
        "root": str(registry.root),
        "remote": registry.remote_url,
        "lock": str(registry.lock),
        "number": number,
        "files": {name: str(path) for name, path in files.items()},
        "step": step,
    }
    package = str(Path(__file__).parents[3] / "plugins")
    environment = {**os.environ, "PYTHONPATH": package}
    started = subprocess.Popen([sys.executable, "-c", ADD, json.dumps(asked)], stdout=subprocess.PIPE, text=True, env=environment)
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def state(registry: Registry) -> dict[str, object]:
    """What must be the same whatever happened on the way: the tagged trees, the work tree, the remote, no leftovers."""
    git = ["git", f"--git-dir={registry.root / '.git'}", f"--work-tree={registry.root}"]
    run = lambda *arguments: subprocess.run([*git, *arguments], check=True, capture_output=True, text=True, cwd=registry.root).stdout  # noqa: E731
    tags = run("tag", "--list").split()
    remote = Path(registry.remote_url)
    return {
        "trees": {tag: run("rev-parse", f"{tag}^{{tree}}").strip() for tag in tags},
        "status": run("status", "--porcelain"),
        "files": sorted(path.relative_to(registry.root).as_posix() for path in (registry.root / "releases").rglob("*")),
        "remote": sorted(path.relative_to(remote).as_posix() for path in remote.rglob("*") if path.is_file()),
        "differences": [registry.differences("shop", number) for number in registry.numbers("shop")],
    }


@pytest.fixture
def undisturbed(tmp_path: Path, make_files: MakeFiles) -> dict[str, object]:
    root = tmp_path / "undisturbed"
    registry = Registry(root / "registry", str(root / "dvc-remote"), root / "locks" / "registry.lock")
    for number in (1, 2):
        registry.add("shop", number, make_files(number, rows=(number, 5)))
    return state(registry)


@pytest.mark.parametrize("step", ["begun", "placed", "tracked", "pushed", "committed", "tagged"])
def test_killed_after_a_step(registry: Registry, make_files: MakeFiles, undisturbed: dict[str, object], step: str) -> None:
    for number in (1, 2):
        killed = start(registry, number, make_files(number, rows=(number, 5)), step=step)
        killed.communicate(timeout=60)
        assert killed.returncode == -signal.SIGKILL
        assert registry.numbers("shop") == tuple(range(1, number + (step == "tagged")))
        registry.add("shop", number, make_files(number, rows=(number, 5)))
    assert state(registry) == undisturbed


def test_killed_while_a_setting_is_written(registry: Registry, make_files: MakeFiles, undisturbed: dict[str, object]) -> None:
    registry.add("shop", 1, make_files(1, rows=(1, 5)))
    (registry.root / ".work-half").write_text("# Paths below", encoding="utf-8")
    registry.add("shop", 2, make_files(2, rows=(2, 5)))
    assert state(registry) == undisturbed


@pytest.mark.parametrize("suffix", ["", ".dir"])
@pytest.mark.parametrize("step", ["tracked", "pushed"])
def test_an_object_that_a_kill_left_empty_is_written_again(
    registry: Registry, make_files: MakeFiles, undisturbed: dict[str, object], step: str, suffix: str
) -> None:
    """DVC begins a copy with an empty file in the object's place, and leaves files of other names behind."""
    files = make_files(1, rows=(1, 5))
    start(registry, 1, files, step=step).communicate(timeout=60)
    stores = [Path(registry.remote_url) / "files" / "md5", registry.root / ".dvc" / "cache" / "files" / "md5"]
    store = stores[step == "tracked"]
    half = next(path for path in store.rglob("*") if path.is_file() and path.suffix == suffix)
    size = half.stat().st_size
    half.chmod(0o644)
    half.write_bytes(b"")
    for whole in store.rglob("*.dir") if not suffix else ():  # a list is written after all files that it names
        whole.unlink()
    left = half.parent / ".J3og2NvvOO7GykPVcx5QuA.tmp"
    left.write_bytes(b"ha")
    for number in (1, 2):
        registry.add("shop", number, make_files(number, rows=(number, 5)))
    assert half.stat().st_size == size
    assert not left.exists()
    assert state(registry) == undisturbed


def test_killed_at_any_moment(registry: Registry, make_files: MakeFiles, undisturbed: dict[str, object]) -> None:
    for number in (1, 2):
        for turn in range(8):
            files = make_files(number, rows=(number, 5))
            killed = start(registry, number, files)
            time.sleep(0.05 * turn)
            killed.kill()
            killed.communicate()
            assert registry.numbers("shop") in [tuple(range(1, number)), tuple(range(1, number + 1))]
        registry.add("shop", number, files)
    assert state(registry) == undisturbed


def test_another_release_goes_on_after_a_killed_one(registry: Registry, make_files: MakeFiles, undisturbed: dict[str, object]) -> None:
    """The killed one never comes back: its verdict failed the next time, or its number was given up."""
    killed = start(registry, 7, make_files(7, rows=(7,)), step="tracked")
    killed.communicate(timeout=60)
    listing = registry.root / "releases/shop/7/data.dvc"
    assert listing.exists()
    listing.write_text("outs:\n- md5: half a lin")  # the kill came while DVC wrote it, in place
    for number in (1, 2):
        registry.add("shop", number, make_files(number, rows=(number, 5)))
    assert not listing.parent.exists()
    assert registry.numbers("shop") == (1, 2)
    assert {key: value for key, value in state(registry).items() if key != "remote"} == {
        key: value for key, value in undisturbed.items() if key != "remote"
    }


def test_locks_of_the_dead_are_cleared(registry: Registry, make_files: MakeFiles) -> None:
    registry.add("shop", 1, make_files(1))
    git = registry.root / ".git"
    locks = [git / "index.lock", git / "refs" / "heads" / "main.lock", git / "config.lock"]
    long_ago = time.time() - 3600
    for lock in locks:
        lock.touch()
        os.utime(lock, (long_ago, long_ago))
    # DVC believes an entry whose process lives; after a kill the number may be another's by now, as here ours.
    entry = {"pid": os.getpid(), "cmd": "dvc add"}
    rwlock = registry.root / ".dvc" / "tmp" / "rwlock"
    rwlock.write_text(json.dumps({str(registry.root / "releases/shop/2/data"): {"write": entry}}))
    registry.add("shop", 2, make_files(2))
    assert not any(lock.exists() for lock in locks)
    assert registry.numbers("shop") == (1, 2)


def test_a_young_lock_is_waited_for(registry: Registry, make_files: MakeFiles) -> None:
    """A child of a killed process may be about to end."""
    registry.add("shop", 1, make_files(1))
    lock = registry.root / ".git" / "index.lock"
    lock.touch()
    ending = subprocess.Popen([sys.executable, "-c", f"import time, os; time.sleep(0.5); os.unlink({str(lock)!r})"])
    started = time.monotonic()
    registry.add("shop", 2, make_files(2))
    assert ending.wait() == 0
    assert 0.3 < time.monotonic() - started < 5
