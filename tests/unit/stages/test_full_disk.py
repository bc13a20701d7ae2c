"""A disk that takes no more is an error that may pass: said in one line, even where its details find no room either."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from warehouse_twin.errors import TerminalError, TransientError
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.settings import from_environment
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.executing import guarded

FULL = os.strerror(errno.ENOSPC)


@pytest.fixture
def context(tmp_path: Path) -> StageContext:
    source, target = ({"warehouse": "w", "schema": schema} for schema in ("s", "t"))
    manifest = Manifest.model_validate({"twin": "shop", "source": source, "target": target, "seed": 1, "tables": {"a": None}})
    settings = from_environment({"TWIN_PROJECT": str(tmp_path), "TWIN_WORKSPACE": str(tmp_path / "work")})
    return StageContext(settings, manifest, tmp_path / "shop.yml", 1)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, FULL), FULL),
        (RuntimeError(f"Job aborted: java.io.IOException: {FULL}"), FULL),
        (sqlite3.OperationalError("database or disk is full"), "database or disk is full"),
    ],
    ids=str,
)
def test_a_full_disk_may_have_room_again(context: StageContext, error: Exception, told: str) -> None:
    with pytest.raises(TransientError, match=told) as raised, guarded(context, "profile"):
        raise error
    kept = context.workspace.failures("shop") / "1-profile.txt"
    assert str(kept) in str(raised.value)
    assert told in kept.read_text()


def test_it_is_told_where_even_the_details_find_no_room(context: StageContext) -> None:
    folder = context.workspace.failures("shop")
    folder.parent.mkdir(parents=True)
    folder.write_text("a file, where a folder is wanted: nothing can be written here")
    wanted = rf"shop@1 train: OSError: {FULL}; .* in no file \("
    with pytest.raises(TransientError, match=wanted), guarded(context, "train"):
        raise OSError(errno.ENOSPC, FULL)


def test_what_nobody_foresaw_is_not_tried_again(context: StageContext) -> None:
    with pytest.raises(TerminalError, match="unforeseen KeyError") as told, guarded(context, "train"):
        raise KeyError("a value of somebody")
    assert "somebody" not in str(told.value)
