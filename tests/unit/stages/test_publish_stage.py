"""`publish` and `rollback`: from the registry's tag alone to what readers see, also after a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse_twin.digests import digest_file
from warehouse_twin.errors import ConfigurationError, IntegrityError
from warehouse_twin.releases.diffing import diff
from warehouse_twin.stages.publish import publish, publish_release, rollback

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise:DeprecationWarning")  # DVC 3.67 on pygtrie 2.6

# ── publish ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_publishing_shows_the_release(shop: Any) -> None:
    shop.release(1)
    facts = publish(shop.context(1))
    row = shop.warehouse().published("shop")
    assert row is not None
    assert facts == {"release": 1, "data_digest": row.data_digest, "published_at": row.published_at, "schema": "shop", "passed": True}
    assert row.data_digest == shop.registry.read("shop", 1)["data_digest"]
    assert shop.seen() == ["Ann", "Bob"]
    opened = duckdb.connect(str(shop.database), read_only=True)
    comments = opened.execute("SELECT comment FROM duckdb_views() WHERE schema_name = 'shop' ORDER BY view_name").fetchall()
    opened.close()
    assert [text.partition(".")[0] for (text,) in comments] == [
        "Synthetic twin shop@1: drawn from a model of shop",
        "Real reference data, passed through from shop",
    ]


def test_publishing_again_touches_nothing(shop: Any) -> None:
    shop.release(1)
    first = publish_release(shop.settings, "shop", 1)
    before = digest_file(shop.database)
    shutil.rmtree(shop.registry.root / "releases/shop/1/data")  # not needed
    assert publish_release(shop.settings, "shop", 1) == first
    assert digest_file(shop.database) == before


def test_altered_data_is_not_loaded(shop: Any) -> None:
    shop.release(1)
    path = shop.registry.data_files("shop", 1)["customers"]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"shop@1: data of customers in the registry is not what release\.json says"):
        publish_release(shop.settings, "shop", 1)
    assert not shop.database.exists()
    path.unlink()
    publish_release(shop.settings, "shop", 1)
    assert shop.seen() == ["Ann", "Bob"]


def test_only_what_was_tagged_counts(shop: Any) -> None:
    """The work tree's documents may say what they like."""
    shop.release(1)
    for name in ("release.json", "resolved.json", "schema.json"):
        (shop.registry.root / "releases/shop/1" / name).write_text("{}")
    shutil.rmtree(shop.context(1).run_folder)
    publish_release(shop.settings, "shop", 1)
    assert shop.seen() == ["Ann", "Bob"]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM shop__r1.orders",
        "UPDATE shop__r1.customers SET name = 'Eve' WHERE id = 1",
        "DROP TABLE shop__r1.orders",
        "ALTER TABLE shop__r1.customers ADD COLUMN more INTEGER",
        "DROP SCHEMA shop__r1 CASCADE",
    ],
)
def test_a_damaged_schema_is_installed_again(shop: Any, damage: str) -> None:
    shop.release(1)
    shop.release(2, names=("Cleo",))
    publish_release(shop.settings, "shop", 1)
    publish_release(shop.settings, "shop", 2)
    opened = duckdb.connect(str(shop.database))
    opened.execute(damage)
    opened.close()
    publish_release(shop.settings, "shop", 1)
    assert shop.seen() == ["Ann", "Bob"]
    assert shop.warehouse().read("shop", "orders").num_rows == 2


# ── rollback ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rolling_back_and_forth(shop: Any) -> None:
    for number, name in enumerate(("Ann", "Bob", "Cleo"), start=1):
        shop.release(number, names=(name,))
        publish_release(shop.settings, "shop", number)
    assert (rollback(shop.settings, "shop").release, shop.seen()) == (2, ["Bob"])
    assert (rollback(shop.settings, "shop").release, shop.seen()) == (1, ["Ann"])
    with pytest.raises(ConfigurationError, match="no release is older than the published shop@1"):
        rollback(shop.settings, "shop")
    assert (rollback(shop.settings, "shop", to=3).release, shop.seen()) == (3, ["Cleo"])
    assert (rollback(shop.settings, "shop", to=1).release, shop.seen()) == (1, ["Ann"])
    with pytest.raises(ConfigurationError, match=r"no release shop@4; there are shop@1, shop@2, shop@3"):
        rollback(shop.settings, "shop", to=4)
    changed = diff(shop.registry.read("shop", 1), shop.registry.read("shop", 3))
    assert changed.lines() == (
        "shop@1 → shop@3: other data, verdict pass → pass",
        "  customers: other rows",
        "  customers: another model",
        "  customers.pair_trend: 0.9100 → 0.9300",
    )


def test_a_dropped_release_comes_back_from_the_remote(shop: Any) -> None:
    shop.release(1, names=("Ann",))
    shop.release(2, names=("Bob",))
    publish_release(shop.settings, "shop", 1)
    publish_release(shop.settings, "shop", 2)
    shop.warehouse().drop("shop__r1")
    shutil.rmtree(shop.registry.root / ".dvc" / "cache")
    shutil.rmtree(shop.registry.root / "releases/shop/1/data")
    assert rollback(shop.settings, "shop").release == 1
    assert shop.seen() == ["Ann"]


def test_there_must_be_something_to_go_back_from_and_to(shop: Any) -> None:
    with pytest.raises(ConfigurationError, match="shop has no releases; next: twin run shop"):
        rollback(shop.settings, "shop")
    shop.release(1)
    with pytest.raises(ConfigurationError, match="nothing is published"):
        rollback(shop.settings, "shop")
    shop.target = "elsewhere"
    shop.release(2)
    publish_release(shop.settings, "shop", 2)
    with pytest.raises(ConfigurationError, match=r"shop@1 was made for lab\.shop, readers are at lab\.elsewhere"):
        rollback(shop.settings, "shop")


# ── kills ────────────────────────────────────────────────────────────────────────────────────────────────────────────

KILLED = """
import json, os, pathlib, signal, sys
from warehouse_twin.settings import Settings
from warehouse_twin.stages import publish
from warehouse_twin.warehouses import duckdb_warehouse
from warehouse_twin.workspace import Workspace
project, database, where = sys.argv[1:]
workspace = Workspace(pathlib.Path(project) / "workspace")
settings = Settings(pathlib.Path(project), workspace, "unused", str(workspace.dvc_remote), connections={"lab": f"duckdb://{database}"})
module, name = where.split(":")
module = {"publish": publish, "warehouse": duckdb_warehouse}[module]
real = getattr(module, name)
def then_die(*arguments, **named):
    real(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(module, name, then_die)
publish.publish_release(settings, "shop", 2)
"""


@pytest.mark.parametrize(
    "where", ["publish:_verify_files", "warehouse:load_table", "publish:_install", "warehouse:point_views", "warehouse:write_release"]
)
def test_a_killed_publication_leaves_the_old_release_whole(shop: Any, tmp_path: Path, where: str) -> None:
    shop.release(1, names=("Ann",))
    shop.release(2, names=("Bob", "Cleo"))
    publish_release(shop.settings, "shop", 1)
    package = str(Path(__file__).parents[3] / "plugins")
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(shop.database), where]
    killed = subprocess.run(command, env={**os.environ, "PYTHONPATH": package}, check=False, capture_output=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    row = shop.warehouse().published("shop")
    assert row is not None
    assert (row.release, shop.seen()) == (1, ["Ann"])
    assert json.loads(json.dumps(row.data_digest)) == shop.registry.read("shop", 1)["data_digest"]
    assert publish_release(shop.settings, "shop", 2).release == 2
    assert shop.seen() == ["Bob", "Cleo"]
