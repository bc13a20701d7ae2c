"""Two releases by the command line: what is published, what a twin is, going back, auditing, cleaning."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import duckdb
import pytest

from shop_project import CUSTOMERS, ORDERS, SENTINEL, Project


def rows_of(project: Project, query: str) -> list[tuple]:
    with duckdb.connect(str(project.workspace / "warehouses" / "dev.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_second_release_is_published_and_did_not_learn_again(first: Project) -> None:
    listed = first.json("releases", "shop")["releases"]
    assert [(item["release"], item["published"]) for item in listed] == [(1, False), (2, True)]
    assert len({item["data_digest"] for item in listed}) == 2
    keys = [
        json.loads((first.workspace / "runs" / "shop" / number / "receipts" / "train.json").read_text())["key"] for number in ("1", "2")
    ]
    assert keys[0] == keys[1]


def test_the_second_release_says_what_drifted_since_the_first(first: Project) -> None:
    """Nothing in the source; in the twin no more than two draws are apart. The first has nothing to be held against."""
    verdicts = [json.loads((first.workspace / "registry" / "releases" / "shop" / number / "verdict.json").read_text()) for number in "12"]
    found = [{item["name"]: item for item in verdict["judged"] if item["score"]["table"] == "customers"} for verdict in verdicts]
    assert not {"source_drift", "twin_drift"} & found[0].keys()
    assert found[1]["source_drift"]["score"]["value"] == 0
    assert 0 < found[1]["twin_drift"]["score"]["value"] < 0.1
    assert {found[1][name]["status"] for name in ("source_drift", "twin_drift", "parity", "opportunity", "subgroup_shape")} == {"shown"}
    assert not {"membership_releases", "membership_added"} & found[0].keys()
    assert "membership_added" not in found[1]  # nobody came
    assert [verdict["canaries"]["status"] for verdict in found] == ["pass", "pass"]
    assert found[0]["canaries"]["score"] == found[1]["canaries"]["score"]  # of one model
    together = found[1]["membership_releases"]
    assert (together["status"], together["goal"]) == ("pass", 0.55)
    assert 0.4 < together["score"]["value"] < 0.6
    facts = json.loads((first.workspace / "runs" / "shop" / "2" / "receipts" / "gate.json").read_text())["facts"]
    assert "drift" not in facts
    assert facts["fairness"][0].startswith("customers: parity differs by 0.")


def test_the_models_of_every_release_are_listed(first: Project) -> None:
    found = {(item["release"], item["table"], item["synthesizer"]): item for item in first.json("models", "shop")["models"]}
    assert sorted(found) == [
        (release, *model)
        for release in (1, 2)
        for model in (("customers", "independent"), ("customers", "tree"), ("orders", "tree"))
    ]  # fmt: skip
    tree, independent = (found[2, "customers", name] for name in ("tree", "independent"))
    assert (tree["role"], independent["role"]) == ("published", "challenger"), "the trial saw that credit goes with the tier"
    assert tree["fidelity"] > independent["fidelity"] + 0.02
    assert tree["front"]
    assert found[1, "customers", "tree"]["seconds"] > 0
    lines = first.twin("models", "shop", "--table", "customers").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["release", "shop@1", "shop@1", "shop@2", "shop@2"]
    assert lines[1].endswith("published")


def test_the_twin_has_the_sources_shape_and_whole_keys(first: Project) -> None:
    declared = "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'shop_twin__r2' AND table_name = 'customers'"
    types = rows_of(first, declared)
    assert dict(types) == {
        "id": "INTEGER", "email": "VARCHAR", "country": "VARCHAR", "joined": "DATE", "tier": "VARCHAR", "credit": "DECIMAL(10,2)",
    }
    assert rows_of(first, "SELECT count(*) FROM shop_twin.customers") == [(CUSTOMERS,)]
    ((orders,),) = rows_of(first, "SELECT count(*) FROM shop_twin.orders")
    assert abs(orders - ORDERS) < 0.1 * ORDERS
    orphans = "SELECT count(*) FROM shop_twin.orders WHERE customer_id NOT IN (SELECT id FROM shop_twin.customers)"
    assert rows_of(first, orphans) == [(0,)]
    ((comment,),) = rows_of(first, "SELECT comment FROM duckdb_views() WHERE schema_name = 'shop_twin' AND view_name = 'customers'")
    assert "ynthetic" in comment
    assert "shop@2" in comment


def test_what_goes_together_in_the_source_does_in_the_twin(first: Project) -> None:
    by_tier = dict(rows_of(first, "SELECT tier, avg(credit) FROM shop_twin.customers GROUP BY ALL"))
    assert by_tier["gold"] > by_tier["plain"] + 300
    orders = "shop_twin.orders JOIN shop_twin.customers c ON c.id = customer_id"
    joined = f"SELECT tier, avg(total), count(*) / count(DISTINCT c.id) FROM {orders}"
    means = {tier: (float(total), per_head) for tier, total, per_head in rows_of(first, f"{joined} GROUP BY ALL")}
    assert means["gold"][0] > 2 * means["plain"][0]
    assert means["gold"][1] > 1.5 * means["plain"][1]


def test_columns_with_a_generator_are_as_it_says(first: Project) -> None:
    orders = "SELECT count(*) FROM shop_twin.orders WHERE tax IS DISTINCT FROM round(total * 0.19, 2)"
    assert rows_of(first, f"{orders} OR NOT regexp_full_match(reference, '[A-Z]{{2}}-[0-9]{{6}}')") == [(0,)]
    ((rows, references, notes),) = rows_of(first, "SELECT count(*), count(DISTINCT reference), count(note) FROM shop_twin.orders")
    assert rows == references
    assert 0.67 < notes / rows < 0.73
    counted = "SELECT max(nth) = count(*) AND count(DISTINCT nth) = count(*) AS good FROM shop_twin.orders"
    assert rows_of(first, f"SELECT DISTINCT good FROM ({counted} WHERE customer_id IS NOT NULL GROUP BY customer_id)") == [(True,)]
    (profile,) = first.workspace.glob("internal/shop/profile/*/orders.json")
    made = {column["name"]: column["parts"] for column in json.loads(profile.read_text())["columns"] if column["kind"] == "made"}
    assert made == {"tax": [], "reference": [], "nth": [], "note": []}
    scores = (first.workspace / "registry" / "releases" / "shop" / "2" / "scores.json").read_text()
    assert not any(f'"{name}"' in scores for name in made)
    report = next((first.workspace / "registry" / "releases" / "shop" / "2").glob("*.html")).read_text()
    assert "note (faker sentence), nth (sequence), reference (pattern), tax (expression)" in report


def test_models_that_learned_from_the_twin_do_nearly_as_well_on_real_rows(first: Project) -> None:
    found = json.loads((first.workspace / "registry" / "releases" / "shop" / "2" / "scores.json").read_text())["scores"]
    utility = {(score["table"], *score["columns"]): score for score in found if score["measure"].startswith("utility")}
    assert {("customers", "credit"), ("customers", "tier")} < utility.keys()
    assert all(score["value"] > score["ceiling"] - 0.1 > 0.4 for score in utility.values())
    assert all(score["computed_by"]["numpy"] for score in found)
    assert set(utility["customers", "tier"]["computed_by"]) == {"warehouse-twin", "numpy", "scikit-learn", "scipy"}


def test_people_do_not_leave_the_secure_zone(first: Project) -> None:
    """A person's address is in no file outside the zone and no open release, in no database and in no compressed Parquet."""
    open_folders = [path for path in first.workspace.iterdir() if path.name not in ("secure", "warehouses", "secret.key")]
    seen = 0
    for folder in open_folders:
        for file in folder.rglob("*"):
            if file.is_file():
                seen += 1
                assert SENTINEL.encode() not in file.read_bytes(), file
                if file.suffix == ".parquet":
                    assert SENTINEL not in str(duckdb.read_parquet(str(file)).fetchall()), file
    assert seen > 100
    assert rows_of(first, f"SELECT count(*) FROM shop_twin.customers WHERE email = '{SENTINEL}'") == [(0,)]


def test_the_snapshot_is_gone_after_the_verdict(first: Project) -> None:
    assert not list((first.workspace / "secure" / "shop" / "snapshot").glob("*"))


def test_going_back_and_forth(first: Project) -> None:
    assert first.published()[0] == 2
    first.twin("rollback", "shop")
    assert first.published()[0] == 1
    assert first.json("releases", "shop")["releases"][0]["published"] is True
    first.twin("audit", "shop@published")
    refused = first.twin("rollback", "shop", status=2)
    assert "no release is older" in refused.stderr
    first.twin("rollback", "shop", "--to", "2")
    assert first.published()[0] == 2
    difference = first.twin("diff", "shop@1", "shop@latest").stdout
    assert "customers: other rows" in difference


def test_mlflow_tells_the_release_s_story(first: Project) -> None:
    with sqlite3.connect(first.workspace / "mlflow" / "mlflow.db") as database:
        tags = dict(
            database.execute(
                "SELECT t.key, t.value FROM tags t JOIN tags r ON r.run_uuid = t.run_uuid AND r.key = 'twin.release' AND r.value = 'shop@2'"
                " WHERE t.run_uuid NOT IN (SELECT run_uuid FROM tags WHERE key = 'twin.table')"
            ).fetchall()
        )
        aliases = database.execute("SELECT name, alias FROM registered_model_aliases ORDER BY name").fetchall()
    assert {"twin.verdict", "twin.data_digest", "twin.dvc_revision"} <= set(tags)
    assert aliases == [("shop.customers", "published"), ("shop.orders", "published")]


@pytest.mark.parametrize(
    "artefact",
    [
        "registry/releases/shop/2/data/orders.parquet",
        "registry/releases/shop/2/verdict.json",
        "internal/shop/profile/*/customers.json",
        "secure/shop/train/*/tree/trees.arrow",
        "dvc-remote/files/md5/*/*",
        "runs/shop/2/receipts/gate.json",
    ],
)
def test_one_flipped_byte_breaks_the_audit(first: Project, artefact: str) -> None:
    path = sorted(first.workspace.glob(artefact), key=lambda found: (found.stat().st_mtime, found))[-1]
    mode, content = path.stat().st_mode, path.read_bytes()
    path.chmod(0o644)
    try:
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        audited = first.twin("audit", "shop@published", status=1)
        assert "BROKEN" in audited.stdout
    finally:
        path.write_bytes(content)
        path.chmod(mode)
    first.twin("audit", "shop@published")


def test_an_old_release_comes_out_of_the_registry(first: Project, tmp_path: Path) -> None:
    import subprocess
    import sys

    registry = str(first.workspace / "registry")
    command = [sys.executable, "-m", "dvc", "get", registry, "releases/shop/1/data", "--rev", "shop@1", "-o", str(tmp_path / "old")]
    subprocess.run(command, check=True, env=first.environment, capture_output=True)
    assert sorted(path.name for path in (tmp_path / "old").iterdir()) == ["countries.parquet", "customers.parquet", "orders.parquet"]


CHOICE = "    challengers: [independent]\n    choose: pareto\n"


def test_a_failed_verdict_publishes_nothing_and_is_kept(first: Project) -> None:
    before = first.published()
    first.edit("synthesizer: tree", "synthesizer: independent")
    first.edit(CHOICE, "")
    try:
        failed = first.twin("run", "shop", status=1)
        assert "nothing is published" in failed.stdout
        assert "pair_trend" in failed.stdout
        explained = first.twin("gate", "shop", "--release", "3", "--explain", status=1).stdout
        assert "fail: customers.pair_trend" in explained
    finally:
        first.edit("synthesizer: independent", "synthesizer: tree")
        first.edit("email: {pii: email}\n", "email: {pii: email}\n" + CHOICE)
    assert first.published() == before
    assert first.json("releases", "shop")["unreleased"] == [{"release": 3, "state": "rejected"}]
    with sqlite3.connect(first.workspace / "mlflow" / "mlflow.db") as database:
        verdicts = database.execute(
            "SELECT t.value FROM tags t JOIN tags r ON r.run_uuid = t.run_uuid AND r.value = 'shop@3' WHERE t.key = 'twin.verdict'"
        ).fetchall()
    assert ("fail",) in verdicts
    refused = first.twin("release", "shop", "--release", "3", status=2)
    assert "verdict fail, nothing is released" in refused.stderr


def test_garbage_of_rejected_and_killed_runs_is_collected(first: Project) -> None:
    leftover = first.workspace / "secure" / "shop" / "train" / ".work-killed"
    leftover.mkdir()
    (leftover / "half").write_text("x")
    found = first.json("gc", "shop")["shop"]
    assert "secure/shop/train/.work-killed" in found["paths"]
    assert any(path.startswith("secure/shop/materialize/") for path in found["paths"])
    assert first.json("gc", "shop")["shop"] == {"paths": [], "bytes": 0, "schemas": []}
    first.twin("audit", "shop@1")
    first.twin("audit", "shop@published")
    assert not list((first.workspace / "secure" / "scratch").iterdir())


def test_nothing_is_written_outside_the_project(first: Project) -> None:
    assert not list((first.root / "home").iterdir())
    assert sorted(path.name for path in first.root.iterdir()) == [".twin", "home", "twins"]
