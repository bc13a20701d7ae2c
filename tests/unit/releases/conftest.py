"""A tiny release to put into a registry: one table, three rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.digests import digest_file
from warehouse_twin.releases.registry import DOCUMENTS, RECORD, Registry

MakeFiles = Callable[..., dict[str, Path]]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """A registry that is not on disk yet, in a workspace with a local remote."""
    root = tmp_path / "workspace"
    return Registry(root / "registry", str(root / "dvc-remote"), root / "locks" / "registry.lock", 20)


@pytest.fixture
def make_files(tmp_path: Path) -> MakeFiles:
    """Makes the files of a release `shop@<number>`."""

    def make(number: int = 1, *, rows: tuple[int, ...] = (1, 2, 3), **changes: Any) -> dict[str, Path]:
        folder = tmp_path / "made" / f"{number}-{len(list((tmp_path / 'made').glob('*'))) if (tmp_path / 'made').exists() else 0}"
        (folder / "data").mkdir(parents=True)
        pq.write_table(pa.table({"id": list(rows)}), folder / "data" / "orders.parquet")
        for name in set(DOCUMENTS) - {RECORD}:
            (folder / name).write_text(f"{name} of {number}\n")
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        files[RECORD] = folder / RECORD
        files[RECORD].write_text(json.dumps(record_of(number, files, rows=len(rows), **changes)))
        return files

    return make


def record_of(number: int, files: Mapping[str, Path], *, rows: int, **changes: Any) -> dict[str, Any]:
    data = files["data/orders.parquet"]
    return {
        "twin": "shop",
        "release": number,
        "data_digest": f"digest of {digest_file(data)}",
        "tables": {"orders": {"rows": rows, "digest": digest_file(data)}},
        "files": {"data/orders.parquet": digest_file(data)},
        "documents": {"verdict.json": digest_file(files["verdict.json"])},
        "verdict": {"status": "pass"},
        "code": "unknown",
        **changes,
    }
