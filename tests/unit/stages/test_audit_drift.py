"""Audit: what drifted, what is missing, what may be missing, and questions it cannot answer."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.lineage.describing import NOTE
from warehouse_twin.lineage.reading import reading
from warehouse_twin.lineage.recording import record_publication
from warehouse_twin.lineage.tracking import connected


@pytest.fixture
def hangar(whole_hangar: Any) -> Any:
    return whole_hangar


@contextmanager
def removed(path: Path) -> Iterator[None]:
    """A file or folder is gone, for the length of the block."""
    aside = path.with_name(path.name + ".aside")
    path.rename(aside)
    try:
        yield
    finally:
        if path.is_dir():
            shutil.rmtree(path)
        aside.rename(path)


def test_drift_between_warehouse_and_mlflow_is_found(hangar: Any) -> None:
    hangar.publish(1)  # and nobody told MLflow
    try:
        assert "mlflow/published" in hangar.broken("hangar@1")
        assert "mlflow/published" in hangar.broken("hangar@2")
        record_publication(hangar.settings, twin="hangar", release=1)
        assert hangar.audit("hangar@published").release == "hangar@1"
        assert hangar.audit("hangar@1").ok
        assert hangar.audit("hangar@2").ok
    finally:
        hangar.publish(2)
        hangar.record(hangar.receipt("publish", 2), 2)
    assert hangar.audit().ok


def test_an_alias_that_was_moved_or_a_tag_that_was_edited_is_found(hangar: Any) -> None:
    with connected(hangar.settings, create=False) as client:
        client.delete_registered_model_alias("hangar.planes", "published")
    assert hangar.broken() == {"mlflow/alias published"}
    hangar.record(hangar.receipt("publish", 2), 2)
    with sqlite3.connect(hangar.workspace.mlflow / "mlflow.db") as database:
        database.execute("UPDATE latest_metrics SET value = 0.99 WHERE key = 'pair_trend'")
    database.close()
    assert hangar.broken() == {"mlflow/flights/pair_trend"}
    with sqlite3.connect(hangar.workspace.mlflow / "mlflow.db") as database:
        database.execute("UPDATE latest_metrics SET value = 0.97 WHERE key = 'pair_trend'")
    database.close()
    assert hangar.audit().ok


def test_a_description_that_says_something_else_than_the_tags_is_found(hangar: Any) -> None:
    with reading(hangar.settings, "hangar") as reader:
        planes = reader.release(2).tables["planes"]
    with connected(hangar.settings, create=False) as client:
        client.set_tag(planes.run_id, NOTE, planes.tags[NOTE].replace(planes.tags["twin.model_digest"], "0" * 64))
    try:
        assert hangar.broken() == {"mlflow/planes/description"}
    finally:
        with connected(hangar.settings, create=False) as client:
            client.set_tag(planes.run_id, NOTE, planes.tags[NOTE])
    assert hangar.audit().ok


GONE: dict[str, tuple[Callable[[Any], Path], str]] = {
    "mlflow": (lambda hangar: hangar.workspace.mlflow / "mlflow.db", "mlflow"),
    "mlflow artefacts": (lambda hangar: hangar.workspace.mlflow / "artifacts", "mlflow/gate/scores.json"),
    "git": (lambda hangar: hangar.workspace.registry / ".git", "git/objects"),
    "cache": (lambda hangar: hangar.workspace.registry / ".dvc/cache", "dvc/cache/data.dvc"),
    "remote": (lambda hangar: hangar.workspace.dvc_remote, "dvc/remote/data.dvc"),
    "data": (lambda hangar: hangar.workspace.registry / "releases/hangar/2/data", "data"),
    "receipts": (lambda hangar: hangar.run_folder(2) / "receipts", "receipt/gate"),
    "models": (lambda hangar: hangar.output("train", 2, "flights"), "model/flights"),
    "profiles": (lambda hangar: hangar.output("profile", 2), "profile/planes.json"),
    "warehouse": (lambda hangar: hangar.warehouse().path, "mlflow/published"),
}


@pytest.mark.parametrize("what", GONE)
def test_what_is_missing_is_a_broken_link_and_no_traceback(hangar: Any, what: str) -> None:
    find, name = GONE[what]
    with removed(find(hangar)):
        assert name in hangar.broken()
    assert hangar.audit().ok


def test_what_may_be_collected_is_not_missed(hangar: Any) -> None:
    with removed(hangar.output("synthesize", 2)), removed(hangar.output("materialize", 2)):
        assert hangar.audit().ok


def test_an_audit_changes_nothing_that_it_audits(hangar: Any) -> None:
    def state() -> list[tuple[str, int, int]]:
        parts = ("registry", "dvc-remote", "runs", "internal", "warehouses", "mlflow/artifacts")
        files = [path for part in parts for path in (hangar.workspace.root / part).rglob("*") if path.is_file()]
        return sorted((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files)

    before = state()
    assert hangar.audit().ok
    assert state() == before


@pytest.mark.parametrize("reference", ["hangar@3", "other@1", "hangar@0", "hangar@x", "@1", ""])
def test_a_release_that_never_was_is_an_error_of_the_question(hangar: Any, reference: str) -> None:
    with pytest.raises(ConfigurationError):
        hangar.audit(reference)


def test_nothing_published_yet(make_hangar: Callable[[Path], Any], tmp_path: Path) -> None:
    empty = make_hangar(tmp_path)
    with pytest.raises(ConfigurationError, match="nothing is published"):
        empty.audit("hangar@published")
    with pytest.raises(ConfigurationError, match="has no releases"):
        empty.audit("hangar@latest")
