"""A twin with events, windows and kept orphans, from the manifest to the published schema."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from shop_project import Project, make_project

PEOPLE = 1_500
ORPHANS = 0.06
DECLARED = """
CREATE SCHEMA shop;
CREATE TABLE shop.people (id INTEGER PRIMARY KEY, kind VARCHAR NOT NULL, joined DATE NOT NULL, credit DOUBLE NOT NULL);
CREATE TABLE shop.addresses (
    person INTEGER, valid_from DATE, valid_to DATE NOT NULL, town VARCHAR NOT NULL,
    PRIMARY KEY (person, valid_from), FOREIGN KEY (person) REFERENCES shop.people (id)
);
CREATE TABLE shop.orders (
    id BIGINT PRIMARY KEY, person INTEGER NOT NULL, ordered TIMESTAMP NOT NULL, state VARCHAR NOT NULL, points INTEGER NOT NULL
);
"""
MANIFEST = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop_twin}
seed: 4
entity: people
k: 10
holdout: 0.2
synthesizer: tree
gates:
  undecided: {accept: true, reason: "Some 300 people are held out: the distance tests may not be able to tell."}
tables:
  people:
  addresses: {validity: {from: valid_from, to: valid_to}}
  orders:
    foreign_keys: [{columns: person, references: people, orphans: keep}]
    order_by: ordered
"""


def days(values: tuple) -> np.ndarray:
    return np.asarray(values).astype("datetime64[D]")


def tables() -> dict[str, pa.Table]:
    """Fast and slow people; orders by day, between 9 and 17; points that only rise; addresses without gaps; lost orders."""
    draw = np.random.default_rng(8)
    fast = draw.random(PEOPLE) < 0.5
    joined = np.datetime64("2021-01-01") + draw.integers(0, 300, PEOPLE)
    orders: list[tuple] = []
    addresses: list[tuple] = []
    for person in range(PEOPLE):
        day, points, state = joined[person], 0, "new"
        for _ in range(draw.poisson(6)):
            day = day + int(draw.geometric(1 / (3 if fast[person] else 30)))
            points += int(draw.integers(1, 9))
            owner = 1_000_000 + person if draw.random() < ORPHANS else person + 1
            orders.append((owner, day.astype("datetime64[s]") + int(draw.integers(9 * 3600, 17 * 3600)), state, points))
            state = {"new": "paid", "paid": "sent", "sent": "new"}[state] if draw.random() < 0.8 else "new"
        begin = joined[person]
        for left in range(int(draw.integers(0, 4)), -1, -1):
            end = begin + int(draw.integers(20, 200)) if left else np.datetime64("9999-12-31")
            addresses.append((person + 1, begin, end, str(draw.choice(["Ulm", "Bonn", "Kiel"]))))
            begin = end
    first, second = list(zip(*orders, strict=True)), list(zip(*addresses, strict=True))
    people = {"id": np.arange(PEOPLE) + 1, "kind": np.where(fast, "fast", "slow"), "joined": joined.astype("datetime64[D]")}
    return {
        "people": pa.table(people | {"credit": draw.gamma(2, 500, PEOPLE).round(2)}),
        "addresses": pa.table({"person": second[0], "valid_from": days(second[1]), "valid_to": days(second[2]), "town": second[3]}),
        "orders": pa.table(
            {
                "id": np.arange(len(orders)),
                "person": first[0],
                "ordered": np.asarray(first[1]).astype("datetime64[us]"),
                "state": first[2],
                "points": first[3],
            }
        ),
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, empty_mlflow: Path) -> Project:
    """One release, published."""
    source = tmp_path_factory.mktemp("events") / "prod.duckdb"
    with duckdb.connect(str(source)) as connection:
        connection.execute(DECLARED)
        for name, rows in tables().items():
            connection.register("rows", rows)
            connection.execute(f"INSERT INTO shop.{name} SELECT * FROM rows")
            connection.unregister("rows")
    project = make_project(tmp_path_factory.mktemp("project"), source, "7c" * 32, mlflow=empty_mlflow)
    project.manifest.write_text(MANIFEST)
    project.twin("run", "shop")
    return project


def asked(project: Project, query: str) -> list[tuple]:
    with duckdb.connect(str(project.workspace / "warehouses" / "dev.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


FOLLOWING = """
FROM (
    SELECT p.kind, o.ordered, o.points, lag(o.ordered) OVER w AS before, lag(o.points) OVER w AS had
    FROM shop_twin.orders o JOIN shop_twin.people p ON p.id = o.person
    WINDOW w AS (PARTITION BY o.person ORDER BY o.ordered)
) WHERE before IS NOT NULL
"""


def test_orders_follow_one_another_as_in_the_source(project: Project) -> None:
    gaps = dict(asked(project, f"SELECT kind, median(date_diff('day', before, ordered)) {FOLLOWING} GROUP BY ALL"))
    assert gaps["fast"] <= 4
    assert gaps["slow"] >= 12
    assert asked(project, f"SELECT count(*) {FOLLOWING} AND points < had") == [(0,)]
    hours = "SELECT avg(CASE WHEN hour(ordered) BETWEEN 9 AND 16 THEN 1 ELSE 0 END) FROM shop_twin.orders"
    assert asked(project, hours)[0][0] > 0.995


def test_nothing_comes_before_its_person(project: Project) -> None:
    early = "SELECT count(*) FROM shop_twin.orders o JOIN shop_twin.people p ON p.id = o.person WHERE o.ordered < p.joined"
    assert asked(project, early) == [(0,)]
    early = "SELECT count(*) FROM shop_twin.addresses a JOIN shop_twin.people p ON p.id = a.person WHERE a.valid_from < p.joined"
    assert asked(project, early) == [(0,)]


def test_windows_touch_and_the_last_is_open(project: Project) -> None:
    windows = (
        "SELECT valid_to, lead(valid_from) OVER (PARTITION BY person ORDER BY valid_from) AS next FROM shop_twin.addresses"
    )
    assert asked(project, f"SELECT count(*) FROM ({windows}) WHERE next <> valid_to") == [(0,)]
    assert asked(project, f"SELECT count(*) FROM ({windows}) WHERE next IS NULL AND valid_to <> DATE '9999-12-31'") == [(0,)]
    assert asked(project, f"SELECT count(*) > 1000 FROM ({windows}) WHERE next IS NOT NULL") == [(True,)]


def test_orphans_are_as_many_and_no_constraint_holds_them(project: Project) -> None:
    share = "SELECT avg(CASE WHEN person NOT IN (SELECT id FROM shop_twin.people) THEN 1 ELSE 0 END) FROM shop_twin.orders"
    assert asked(project, share)[0][0] == pytest.approx(ORPHANS, abs=0.01)
    assert asked(project, "SELECT count(*) FROM shop_twin.orders WHERE person > 900000") == [(0,)]
    keys = "SELECT table_name FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY' AND schema_name = 'shop_twin__r1'"
    assert asked(project, keys) == [("addresses",)]
    facts = json.loads((project.workspace / "runs" / "shop" / "1" / "receipts" / "resolve.json").read_text())["facts"]
    assert facts["orphans"]["orders.person"] > 300
    assert facts["repairs"] == {}
    verdict = json.loads((_gate(project) / "verdict.json").read_text())
    (rate,) = [item for item in verdict["judged"] if item["score"]["measure"] == "orphan_rate"]
    assert rate["status"] == "pass"


def test_a_row_follows_from_the_one_before_it(project: Project) -> None:
    verdict = json.loads((_gate(project) / "verdict.json").read_text())
    steps = {item["score"]["table"]: item for item in verdict["judged"] if item["score"]["measure"] == "step_trend"}
    assert {"orders", "addresses"} == steps.keys()
    assert {item["would"] for item in steps.values()} == {"pass"}


def _gate(project: Project) -> Path:
    receipt = json.loads((project.workspace / "runs" / "shop" / "1" / "receipts" / "gate.json").read_text())
    return project.workspace / receipt["output"]
