"""The registry: what enters, what comes back, and that a release never changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from warehouse_twin.digests import digest_file
from warehouse_twin.errors import ConfigurationError, IntegrityError, LockedError, TerminalError, TransientError
from warehouse_twin.locking import exclusive
from warehouse_twin.releases.registry import Registry, registry_of
from warehouse_twin.settings import from_environment

MakeFiles = Callable[..., dict[str, Path]]
pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise:DeprecationWarning")  # DVC 3.67 on pygtrie 2.6


def git(registry: Registry, *arguments: str) -> str:
    command = ["git", f"--git-dir={registry.root / '.git'}", f"--work-tree={registry.root}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=registry.root).stdout


def remote_files(registry: Registry) -> list[Path]:
    """Data files in the remote, not the listings of folders."""
    return [path for path in Path(registry.remote_url).rglob("*") if path.is_file() and path.suffix != ".dir"]


def forget_locally(registry: Registry, number: int = 1) -> None:
    """As in a fresh clone: no data in the work tree, none in the cache."""
    shutil.rmtree(registry.root / "releases" / "shop" / str(number) / "data")
    shutil.rmtree(registry.root / ".dvc" / "cache")


def test_settings_say_where_it_is(tmp_path: Path) -> None:
    settings = from_environment({"TWIN_PROJECT": str(tmp_path), "TWIN_LOCK_SECONDS": "3"})
    workspace = tmp_path / ".twin"
    wanted = Registry(workspace / "registry", str(workspace / "dvc-remote"), workspace / "locks" / "registry.lock", 3.0)
    assert registry_of(settings) == wanted


def test_a_release_is_committed_tagged_and_pushed(registry: Registry, make_files: MakeFiles) -> None:
    files = make_files()
    info = registry.add("shop", 1, files)
    assert (info.tag, info.release, info.rows, info.verdict) == ("shop@1", 1, {"orders": 3}, "pass")
    assert info.commit == git(registry, "rev-parse", "HEAD").strip()
    assert git(registry, "cat-file", "-t", "shop@1").strip() == "tag"
    assert git(registry, "status", "--porcelain") == ""
    assert git(registry, "log", "-1", "--format=%an <%ae>").strip() == "warehouse-twin <warehouse-twin@localhost>"
    assert registry.read("shop", 1) == json.loads(files["release.json"].read_text())
    data = registry.data_files("shop", 1)["orders"]
    assert data.read_bytes() == files["data/orders.parquet"].read_bytes()
    assert [path.read_bytes() for path in remote_files(registry)] == [data.read_bytes()]
    tracked = git(registry, "ls-files").split()
    assert sorted(name for name in tracked if name.startswith("releases")) == sorted(
        f"releases/shop/1/{name}" for name in [".gitignore", "data.dvc", *(name for name in files if "/" not in name)]
    )
    assert registry.differences("shop", 1) == ()


def test_configuration_is_portable_private_and_safe(registry: Registry, make_files: MakeFiles) -> None:
    registry.init()
    first = git(registry, "rev-parse", "HEAD")
    registry.init()
    assert git(registry, "rev-parse", "HEAD") == first
    config = git(registry, "show", "HEAD:.dvc/config")
    for line in ("verify = true", "autostage = false", "analytics = false", 'url = "../../dvc-remote"'):
        assert line in config
    assert str(registry.root) not in config
    assert f'site_cache_dir = "{registry.root}/.dvc/tmp/site"' in (registry.root / ".dvc" / "config.local").read_text()
    assert git(registry, "ls-files").split() == [".dvc/.gitignore", ".dvc/config", ".dvcignore"]
    assert git(registry, "branch", "--show-current").strip() == "main"
    elsewhere = Registry(registry.root, "s3://bucket/twins", registry.lock)
    elsewhere.init()
    assert 'url = "s3://bucket/twins"' in git(registry, "show", "HEAD:.dvc/config")
    assert git(registry, "rev-parse", "HEAD~1") == first
    with pytest.raises(ConfigurationError, match="holds a password"):
        Registry(registry.root, "https://me:secret@host/x", registry.lock).init()


def test_nothing_of_the_callers_git_reaches_it(
    registry: Registry, make_files: MakeFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workspace lies in a project, and stages may run in a git hook of it, with its own identity and ignore rules."""
    run = lambda *arguments: subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)  # noqa: E731
    run("init", "--initial-branch=trunk")
    (tmp_path / ".gitignore").write_text("workspace/\n")
    (tmp_path / "ignore").write_text("*.html\n*.json\n")
    (tmp_path / "gitconfig").write_text(
        f"[core]\nexcludesFile = {tmp_path / 'ignore'}\n[commit]\ngpgsign = true\n[user]\nname = Somebody\n"
    )
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "gitconfig").rename(tmp_path / ".gitconfig")
    registry.add("shop", 1, make_files())
    monkeypatch.delenv("GIT_DIR")
    assert git(registry, "log", "-1", "--format=%an").strip() == "warehouse-twin"
    assert "releases/shop/1/report.html" in git(registry, "ls-tree", "-r", "--name-only", "shop@1")
    assert subprocess.run(["git", "log"], cwd=tmp_path, capture_output=True, check=False).returncode != 0  # nothing was committed there


def test_the_same_release_again_is_nothing_to_do(registry: Registry, make_files: MakeFiles) -> None:
    first = registry.add("shop", 1, make_files())
    steps: list[str] = []
    assert registry.add("shop", 1, make_files(code="another commit"), on_step=steps.append) == first
    assert steps == ["begun"]


def test_another_release_of_the_same_number_is_refused(registry: Registry, make_files: MakeFiles) -> None:
    registry.add("shop", 1, make_files())
    with pytest.raises(IntegrityError, match=r"shop@1 exists and is another release: data_digest, files, tables differ"):
        registry.add("shop", 1, make_files(rows=(7, 8, 9)))
    with pytest.raises(IntegrityError, match="verdict differ"):
        registry.add("shop", 1, make_files(verdict={"status": "other"}))
    assert registry.differences("shop", 1) == ()


@pytest.mark.parametrize(
    "name",
    [
        "model.pkl",
        "data/orders.csv",
        "data/../secret.parquet",
        "data/a/b.parquet",
        "snapshot.parquet",
        "data/.orders.parquet",
        ".dvc/config",
    ],
)
def test_only_listed_files_enter(registry: Registry, make_files: MakeFiles, name: str) -> None:
    files = make_files()
    with pytest.raises(TerminalError, match=f"{name}: may not enter the registry"):
        registry.add("shop", 1, files | {name: files["data/orders.parquet"]})
    assert not registry.root.exists()


def test_files_must_be_those_of_the_record(registry: Registry, make_files: MakeFiles) -> None:
    files = make_files()
    with pytest.raises(TerminalError, match=r"needs scores\.json, verdict\.json too"):
        registry.add("shop", 1, {name: path for name, path in files.items() if name not in ("scores.json", "verdict.json")})
    with pytest.raises(IntegrityError, match=r"is of shop@1, wanted shop@2"):
        registry.add("shop", 2, files)
    with pytest.raises(IntegrityError, match=r"data/more\.parquet not as release\.json says"):
        registry.add("shop", 1, files | {"data/more.parquet": files["data/orders.parquet"]})
    files["verdict.json"].write_text("pass, honestly")
    with pytest.raises(IntegrityError, match=r"verdict\.json not as release\.json says"):
        registry.add("shop", 1, files)


def test_releases_and_references(registry: Registry, make_files: MakeFiles) -> None:
    assert registry.releases("shop") == ()
    with pytest.raises(ConfigurationError, match=r"no release shop@latest; shop has no releases; next: twin run shop"):
        registry.resolve("shop", published=None)
    for number in (1, 2, 10):
        registry.add("shop", number, make_files(number, rows=(number,)))
    git(registry, "tag", "shop@3")  # not annotated: not a release
    assert [info.release for info in registry.releases("shop")] == [1, 2, 10]
    assert registry.releases("other") == ()
    assert registry.resolve("shop@2", published=1) == ("shop", 2)
    assert registry.resolve("shop@latest", published=1) == ("shop", 10)
    assert registry.resolve("shop", published=1) == ("shop", 10)
    assert registry.resolve("shop@published", published=1) == ("shop", 1)
    with pytest.raises(ConfigurationError, match="nothing is published"):
        registry.resolve("shop@published", published=None)
    with pytest.raises(ConfigurationError, match=r"no release shop@3; there are shop@1, shop@2, shop@10"):
        registry.resolve("shop@3", published=None)
    for text in ("shop@", "shop@x", "Shop@1", "shop@01", "shop@1 "):
        with pytest.raises(ConfigurationError, match="names no release"):
            registry.resolve(text, published=None)
    with pytest.raises(ConfigurationError, match="no release shop@4"):
        registry.read("shop", 4)


def test_the_record_comes_from_the_tag(registry: Registry, make_files: MakeFiles) -> None:
    registry.add("shop", 1, make_files())
    record = registry.root / "releases/shop/1/release.json"
    record.write_text(record.read_text().replace("pass", "fail"))
    assert registry.read("shop", 1)["verdict"] == {"status": "pass"}
    assert registry.differences("shop", 1) == ("releases/shop/1/release.json",)


def test_a_damaged_object_is_an_integrity_error(registry: Registry, make_files: MakeFiles) -> None:
    registry.add("shop", 1, make_files())
    name = git(registry, "rev-parse", "shop@1:releases/shop/1/release.json").strip()
    stored = registry.root / ".git" / "objects" / name[:2] / name[2:]
    stored.chmod(0o644)
    stored.write_bytes(b"not an object")
    with pytest.raises(IntegrityError, match="git show failed"):
        registry.read("shop", 1)
    with pytest.raises(IntegrityError, match="git show failed"):
        registry.document("shop", 1, "absent.json")


def test_data_that_is_gone_comes_back(registry: Registry, make_files: MakeFiles) -> None:
    files = make_files()
    registry.add("shop", 1, files)
    digest = digest_file(files["data/orders.parquet"])
    (registry.root / "releases/shop/1/data/orders.parquet").unlink()
    assert digest_file(registry.data_files("shop", 1)["orders"]) == digest
    forget_locally(registry)
    (registry.root / "releases/shop/1/data.dvc").unlink()
    assert registry.differences("shop", 1) == ("releases/shop/1/data.dvc", "releases/shop/1/data/orders.parquet")
    assert digest_file(registry.data_files("shop", 1)["orders"]) == digest
    assert registry.differences("shop", 1) == ()


def test_altered_data_is_found(registry: Registry, make_files: MakeFiles) -> None:
    registry.add("shop", 1, make_files())
    path = registry.data_files("shop", 1)["orders"]
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    path.with_name("extra.parquet").write_bytes(b"")
    assert registry.differences("shop", 1) == ("releases/shop/1/data/extra.parquet", "releases/shop/1/data/orders.parquet")


def test_a_remote_that_altered_or_lost_data_is_named(registry: Registry, make_files: MakeFiles) -> None:
    registry.add("shop", 1, make_files())
    (stored,) = remote_files(registry)
    content = stored.read_bytes()
    stored.chmod(0o644)
    stored.write_bytes(content[:-1] + b"x")
    forget_locally(registry)
    with pytest.raises(IntegrityError, match=r"releases/shop/1/data\.dvc: the DVC remote .* has lost or altered"):
        registry.data_files("shop", 1)
    stored.unlink()
    with pytest.raises(IntegrityError, match="has lost or altered"):
        registry.data_files("shop", 1)
    stored.write_bytes(content)
    assert registry.data_files("shop", 1)["orders"].read_bytes() == content


def test_a_remote_that_is_away_may_come_back(registry: Registry, make_files: MakeFiles) -> None:
    files = make_files()
    remote = Path(registry.remote_url)
    remote.parent.mkdir()
    remote.write_text("a disk that is not mounted")
    with pytest.raises(TransientError, match=r"cannot be reached: push failed"):
        registry.add("shop", 1, files)
    assert registry.numbers("shop") == ()
    remote.unlink()
    registry.add("shop", 1, files)
    forget_locally(registry)
    remote.rename(remote.with_name("away"))
    with pytest.raises(TransientError, match="cannot be reached: pull failed"):
        registry.data_files("shop", 1)
    remote.with_name("away").rename(remote)
    assert registry.data_files("shop", 1)["orders"].exists()


def test_a_remote_of_a_kind_that_is_not_installed(registry: Registry, make_files: MakeFiles) -> None:
    with pytest.raises(ConfigurationError, match="dvc-s3"):
        Registry(registry.root, "s3://bucket/x", registry.lock).add("shop", 1, make_files())


def test_writers_take_turns(registry: Registry, make_files: MakeFiles) -> None:
    hurried = Registry(registry.root, registry.remote_url, registry.lock, 0.2)
    with exclusive(registry.lock, wait_seconds=1), pytest.raises(LockedError, match="registry is held by process"):
        hurried.add("shop", 1, make_files())


def test_the_workspace_may_move(registry: Registry, make_files: MakeFiles, tmp_path: Path) -> None:
    registry.add("shop", 1, make_files())
    forget_locally(registry)
    moved = tmp_path / "elsewhere"
    os.replace(registry.root.parent, moved)
    there = Registry(moved / "registry", str(moved / "dvc-remote"), moved / "locks" / "registry.lock", 20)
    assert there.data_files("shop", 1)["orders"].exists()
    assert git(there, "status", "--porcelain") == ""


def test_dvc_get_brings_an_old_release(registry: Registry, make_files: MakeFiles, tmp_path: Path) -> None:
    registry.add("shop", 1, make_files(1, rows=(1, 2)))
    registry.add("shop", 2, make_files(2, rows=(5,)))
    forget_locally(registry, 1)
    out = tmp_path / "out"
    dvc = [sys.executable, "-m", "dvc", "get", str(registry.root), "releases/shop/1/data", "--rev", "shop@1", "-o", str(out)]
    environment = {**os.environ, "HOME": str(tmp_path), "DVC_SITE_CACHE_DIR": str(tmp_path / "site"), "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(dvc, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert pq.read_table(out / "orders.parquet").to_pydict() == {"id": [1, 2]}
