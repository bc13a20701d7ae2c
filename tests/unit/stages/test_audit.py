"""Audit: a whole release has no broken link, and a flipped byte anywhere in it breaks the link of that name."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse_twin.lineage.links import Chain
from warehouse_twin.lineage.release_links import check_git
from warehouse_twin.releases.remote_objects import remote_blocks


@pytest.fixture
def hangar(whole_hangar: Any) -> Any:
    return whole_hangar


@contextmanager
def flipped(path: Path, *, at: int | None = None) -> Iterator[None]:
    """One byte of a file is another, for the length of the block."""
    content, mode = path.read_bytes(), path.stat().st_mode
    altered = bytearray(content)
    altered[len(content) // 2 if at is None else at] ^= 1
    path.chmod(0o644)
    path.write_bytes(altered)
    try:
        yield
    finally:
        path.write_bytes(content)
        path.chmod(mode)


def one(root: Path, pattern: str) -> Path:
    """The first file that fits a pattern."""
    return min(path for path in root.glob(pattern) if path.is_file())


def dvc_object(hangar: Any, store: Path, name: str) -> Path:
    """The object of a data file, or the list of files, of release 2 in a DVC store."""
    import hashlib

    import yaml

    folder = hangar.workspace.registry / "releases/hangar/2"
    if name == "data.dvc":
        digest = yaml.safe_load((folder / name).read_text())["outs"][0]["md5"]
    else:
        digest = hashlib.md5((folder / "data" / name).read_bytes(), usedforsecurity=False).hexdigest()
    return store / "files" / "md5" / digest[:2] / digest[2:]


def run_artifacts(hangar: Any, table: str | None) -> Path:
    from warehouse_twin.lineage.reading import reading

    with reading(hangar.settings, "hangar") as reader:
        record = reader.release(2)
    run = record.runs[0] if table is None else record.tables[table]
    folder: Path = hangar.workspace.mlflow / "artifacts" / "hangar" / run.run_id / "artifacts"
    return folder


@pytest.mark.parametrize("reference", ["hangar@1", "hangar@2", "hangar@latest", "hangar@published", "hangar"])
def test_a_release_as_it_was_made_is_whole(hangar: Any, reference: str) -> None:
    report = hangar.audit(reference)
    assert report.lines()[0] == f"{report.release}: all {len(report.links)} links whole"
    assert report.release == ("hangar@1" if reference == "hangar@1" else "hangar@2")
    assert report.to_dict()["ok"] is True
    assert {link.group for link in report.links} >= {"git", "registry", "data", "dvc", "warehouse", "receipt", "source", "model", "mlflow"}


DOCUMENTS = (
    *("release.json", "manifest.yml", "resolved.json", "verdict.json", "scores.json"),
    *("report.json", "report.html", "schema.json", "data.dvc"),
)
FILES: dict[str, tuple[Callable[[Any], Path], str]] = {
    **{
        f"work tree {name}": (lambda hangar, name=name: hangar.workspace.registry / "releases/hangar/2" / name, f"registry/{name}")
        for name in DOCUMENTS
    },
    "data": (lambda hangar: hangar.workspace.registry / "releases/hangar/2/data/flights.parquet", "data/flights.parquet"),
    "cache": (lambda h: dvc_object(h, h.workspace.registry / ".dvc/cache", "planes.parquet"), "dvc/cache/planes.parquet"),
    "cache list": (lambda h: dvc_object(h, h.workspace.registry / ".dvc/cache", "data.dvc"), "dvc/cache/data.dvc"),
    "remote": (lambda h: dvc_object(h, h.workspace.dvc_remote, "planes.parquet"), "dvc/remote/planes.parquet"),
    "remote list": (lambda h: dvc_object(h, h.workspace.dvc_remote, "data.dvc"), "dvc/remote/data.dvc"),
    **{
        f"receipt of {stage}": (lambda hangar, stage=stage: hangar.run_folder(2) / "receipts" / f"{stage}.json", f"receipt/{stage}")
        for stage in ("resolve", "profile", "train", "train/flights", "synthesize", "materialize", "gate", "release", "publish")
    },
    "resolved of the run": (lambda hangar: hangar.run_folder(2) / "resolved.json", "run/resolved.json"),
    "manifest of the run": (lambda hangar: hangar.run_folder(2) / "manifest.yml", "run/manifest.yml"),
    "newest receipt": (lambda hangar: hangar.workspace.receipt("hangar", "gate"), "newest/gate"),
    "state of the run": (lambda hangar: hangar.run_folder(2) / "run.json", "run/run.json"),
    "attempts of the run": (lambda hangar: hangar.run_folder(2) / "attempts.jsonl", "run/attempts.jsonl"),
    "profile": (lambda hangar: hangar.output("profile", 2) / "flights.json", "profile/flights.json"),
    "model": (lambda hangar: hangar.output("train", 2, "planes") / "independent/trees.arrow", "model/planes"),
    "model's card": (lambda hangar: hangar.output("train", 2, "planes") / "independent/card.json", "train/planes/independent/card.json"),
    "challenger": (lambda hangar: hangar.output("train", 2, "flights") / "independent/model.json", "train/flights/independent/model.json"),
    "synthesized": (lambda hangar: hangar.output("synthesize", 2) / "rows.json", "synthesize/rows.json"),
    "candidate": (lambda hangar: hangar.output("materialize", 2) / "tables/planes.parquet", "materialize/tables/planes.parquet"),
    "verdict": (lambda hangar: hangar.output("gate", 2) / "verdict.json", "gate/verdict.json"),
    "kept receipt": (lambda hangar: hangar.output("gate", 2) / "receipt.json", "gate/receipt.json"),
    "mlflow scores": (lambda hangar: run_artifacts(hangar, None) / "gate/scores.json", "mlflow/gate/scores.json"),
    "mlflow report": (lambda hangar: run_artifacts(hangar, None) / "gate/report.html", "mlflow/gate/report.html"),
    "mlflow resolved": (lambda hangar: run_artifacts(hangar, None) / "resolve/resolved.json", "mlflow/resolve/resolved.json"),
    "mlflow profile": (lambda hangar: run_artifacts(hangar, "planes") / "profile/planes.json", "mlflow/planes/profile"),
    "tag": (lambda hangar: hangar.workspace.registry / ".git/refs/tags/hangar@2", "git/hangar@2"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_flipped_byte_breaks_the_link_of_that_name(hangar: Any, what: str) -> None:
    find, name = FILES[what]
    with flipped(find(hangar)):
        report = hangar.audit()
    assert name in {link.name for link in report.broken}
    assert any(line.startswith(f"BROKEN {name}: ") for line in report.lines())
    assert not report.ok


def test_a_flipped_byte_in_a_registered_model_is_found(hangar: Any) -> None:
    for name in ("MLmodel", "served_model.py", "requirements.txt"):
        with flipped(one(hangar.workspace.mlflow, f"artifacts/hangar/models/*/artifacts/{name}")):
            assert {"mlflow/planes/registered model", "mlflow/flights/registered model"} & hangar.broken()


def test_a_flipped_byte_in_any_git_object_is_found(hangar: Any) -> None:
    objects = [path for path in (hangar.workspace.registry / ".git/objects").rglob("*") if path.is_file()]
    assert len(objects) > 15
    for path in objects:
        for at in {0, path.stat().st_size // 2, path.stat().st_size - 1}:
            chain = Chain()
            with flipped(path, at=at):
                check_git(chain, hangar.settings, "hangar", 2)
            assert "git/objects" in {link.name for link in chain.links if not link.ok}, (path, at)


def test_a_packed_registry_is_whole_and_its_flipped_byte_is_found(hangar: Any, tmp_path: Path) -> None:
    import subprocess

    git = hangar.workspace.registry / ".git"
    shutil.copytree(git, tmp_path / "git")
    try:
        subprocess.run(["git", f"--git-dir={git}", "gc", "--quiet"], check=True)
        assert hangar.audit().ok
        with flipped(one(git, "objects/pack/*.pack")):
            assert "git/objects" in hangar.broken()
        refs = git / "packed-refs"
        with flipped(refs, at=refs.read_bytes().index(b" refs/tags/hangar@2") - 5):
            assert "git/hangar@2" in hangar.broken()
    finally:
        shutil.rmtree(git)
        shutil.copytree(tmp_path / "git", git)


def test_another_value_in_the_warehouse_is_found(hangar: Any) -> None:
    with duckdb.connect(str(hangar.warehouse().path)) as connection:
        connection.execute("UPDATE air__r2.flights SET delay = 2.75 WHERE id = 1")
    try:
        assert {"warehouse/air__r2.flights", "warehouse/air__r2", "warehouse/air.flights"} == hangar.broken()
    finally:
        with duckdb.connect(str(hangar.warehouse().path)) as connection:
            connection.execute("UPDATE air__r2.flights SET delay = 2.5 WHERE id = 1")


def test_a_view_that_shows_something_else_is_found(hangar: Any) -> None:
    with duckdb.connect(str(hangar.warehouse().path)) as connection:
        connection.execute("CREATE OR REPLACE VIEW air.planes AS SELECT id, seats + 1 AS seats FROM air__r2.planes")
    try:
        assert hangar.broken() == {"warehouse/air.planes"}
    finally:
        with duckdb.connect(str(hangar.warehouse().path)) as connection:
            connection.execute("CREATE OR REPLACE VIEW air.planes AS SELECT * FROM air__r2.planes")


def test_a_flipped_byte_in_the_warehouse_file_is_found(hangar: Any) -> None:
    path = hangar.warehouse().path
    spots = [hit.start() for hit in re.finditer(b"American", path.read_bytes())]
    assert spots, "the value stands in the file as it is"
    found: set[str] = set()
    for at in spots:  # one for each release that is installed
        with flipped(path, at=at):
            found |= hangar.broken()
    assert any(name.startswith("warehouse") for name in found)


@pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise:DeprecationWarning")  # DVC 3.67 on pygtrie 2.6
def test_a_remote_that_is_no_folder_is_read_through_dvc(hangar: Any) -> None:
    path = dvc_object(hangar, hangar.workspace.dvc_remote, "planes.parquet")
    name = path.parent.name + path.name
    assert b"".join(remote_blocks(hangar.workspace.registry)(name)) == path.read_bytes()
    with pytest.raises(FileNotFoundError):
        next(remote_blocks(hangar.workspace.registry)("0" * 32))
