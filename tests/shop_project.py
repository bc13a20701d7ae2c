"""A small shop, whole projects in temporary folders, and the real command line.

Two projects share the source and the workspace's secret: `first` is run undisturbed by the command line, `second` through
the Airflow DAG and with kills; their data must come out the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

CHECKOUT = Path(__file__).resolve().parents[1]
CUSTOMERS, ORDERS = 6_000, 15_000
SENTINEL = "zz-sentinel-7f3a@example.net"
DECLARED = """
CREATE SCHEMA shop;
CREATE TABLE shop.countries (code VARCHAR PRIMARY KEY, name VARCHAR NOT NULL);
CREATE TABLE shop.customers (
    id INTEGER PRIMARY KEY, email VARCHAR, country VARCHAR NOT NULL, joined DATE NOT NULL, tier VARCHAR NOT NULL, credit DECIMAL(10, 2)
);
CREATE TABLE shop.orders (
    id BIGINT PRIMARY KEY, customer_id INTEGER, placed TIMESTAMP NOT NULL, status VARCHAR NOT NULL,
    total DECIMAL(12, 2) NOT NULL, express BOOLEAN,
    tax DECIMAL(12, 2) NOT NULL, reference VARCHAR NOT NULL, nth INTEGER NOT NULL, note VARCHAR
);
COMMENT ON TABLE shop.customers IS 'People who bought something';
"""
MANIFEST = """\
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop_twin}
seed: 11
entity: customers
k: 10
holdout: 0.2
synthesizer: tree
gates:
  undecided: {accept: true, reason: "Some 1,200 customers are held out: the distance tests may not be able to tell."}
tables:
  countries: {keep: real}
  customers:
    fairness: {protected: country, outcome: tier, favourable: gold}
    foreign_keys: [{columns: country, references: countries}]
    columns:
      email: {pii: email}
    challengers: [independent]
    choose: pareto
    targets: [credit, tier]
  orders:
    foreign_keys: [{columns: customer_id, references: customers}]
    columns:
      tax: {generator: {expression: "round(total * 0.19, 2)"}}
      reference: {generator: {pattern: '[A-Z]{2}-\\d{6}', unique: true}}
      nth: {generator: {sequence: {per: customer_id}}}
      note: {generator: {faker: sentence}, locale: de_DE}
"""


def shop_tables() -> dict[str, pa.Table]:
    """Customers by country and tier; orders whose number, total and status follow from the customer; a few orphans.

    What an order's reference and note say in the source must be nowhere else.
    """
    draw = np.random.default_rng(5)
    codes = np.asarray(["DE", "FR", "US", "JP", "BR"])
    country = codes[draw.choice(5, CUSTOMERS, p=[0.4, 0.25, 0.2, 0.1, 0.05])]
    gold = draw.random(CUSTOMERS) < np.where(country == "US", 0.6, 0.2)
    credit = np.round(np.where(gold, 500, 50) + draw.gamma(2, 40, CUSTOMERS), 2)
    emails = [f"person{number}@example.com" for number in range(CUSTOMERS)]
    emails[17] = SENTINEL
    joined = np.datetime64("2020-01-01") + draw.integers(0, 900, CUSTOMERS)
    weights = np.where(gold, 4.0, 1.0)
    owner = draw.choice(CUSTOMERS, ORDERS, p=weights / weights.sum())
    placed = joined[owner].astype("datetime64[m]") + draw.integers(0, 500, ORDERS) * 1440 + draw.integers(8, 20, ORDERS) * 60
    total = np.round(np.where(gold[owner], 80, 20) * draw.gamma(3, 1, ORDERS), 2)
    status = np.where(total > 150, "reviewed", np.where(draw.random(ORDERS) < 0.9, "shipped", "returned"))
    owners: list[int | None] = [int(number) + 1 for number in owner]
    owners[3], owners[4] = None, 999_999
    return {
        "countries": pa.table({"code": codes, "name": ["Germany", "France", "United States", "Japan", "Brazil"]}),
        "customers": pa.table(
            {
                "id": np.arange(1, CUSTOMERS + 1),
                "email": pa.array(emails, mask=draw.random(CUSTOMERS) < 0.1),
                "country": country,
                "joined": joined.astype("datetime64[D]"),
                "tier": np.where(gold, "gold", "plain"),
                "credit": pa.array(credit, mask=draw.random(CUSTOMERS) < 0.02),
            }
        ),
        "orders": pa.table(
            {
                "id": np.arange(1, ORDERS + 1) * 10,
                "customer_id": pa.array(owners),
                "placed": placed.astype("datetime64[us]"),
                "status": status,
                "total": total,
                "express": draw.random(ORDERS) < 0.2,
                # Made by rules in the twin, and nothing of them learned.
                "tax": np.zeros(ORDERS),
                "reference": [SENTINEL] * ORDERS,
                "nth": np.zeros(ORDERS, dtype=np.int32),
                "note": pa.array([SENTINEL] * ORDERS, mask=draw.random(ORDERS) < 0.3),
            }
        ),
    }


def make_source(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(DECLARED)
        for name, rows in shop_tables().items():
            connection.register("rows", rows)
            connection.execute(f"INSERT INTO shop.{name} SELECT * FROM rows")
            connection.unregister("rows")


@dataclass(frozen=True)
class Project:
    """A project of a user: manifests, a workspace, and the environment that points at both."""

    root: Path

    @property
    def workspace(self) -> Path:
        return self.root / ".twin"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TWIN_", "AIRFLOW_", "MLFLOW_"))}
        paths = {"TWIN_PROJECT": str(self.root), "TWIN_WORKSPACE": str(self.workspace), "HOME": str(self.root / "home")}
        return kept | paths | {"PYTHONPATH": str(CHECKOUT / "plugins"), "TWIN_SPARK_MEMORY": "1g"}

    @property
    def manifest(self) -> Path:
        return self.root / "twins" / "shop.yml"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "warehouse_twin.cli.main", *words]

    def twin(self, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        """Run one command to its end and check how it ended."""
        return self.ended(self.command(*words), status=status)

    def ended(self, command: list[str], *, status: int) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == status, f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *words: str, status: int = 0) -> Any:
        return json.loads(self.twin(*words, "--json", status=status).stdout)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own, so that all of it can be killed."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def edit(self, old: str, new: str) -> None:
        self.manifest.write_text(self.manifest.read_text().replace(old, new))

    def stage_digests(self, stage: str, release: int = 1) -> dict[str, str]:
        """What a stage of a release left, by the digests of its receipt."""
        receipt = self.workspace / "runs" / "shop" / str(release) / "receipts" / f"{stage}.json"
        found: dict[str, str] = json.loads(receipt.read_text())["digests"]
        return found

    def digests(self) -> dict[int, str]:
        return {release["release"]: release["data_digest"] for release in self.json("releases", "shop")["releases"]}

    def published(self) -> tuple[int, int]:
        """What a reader sees: the release of the `_release` row, and how many orders join their customers."""
        with duckdb.connect(str(self.workspace / "warehouses" / "dev.duckdb"), read_only=True) as connection:
            joined = "SELECT count(*) FROM shop_twin.orders JOIN shop_twin.customers ON customers.id = customer_id"
            rows = connection.execute(f"SELECT release, ({joined}) FROM shop_twin._release").fetchall()
        assert len(rows) == 1
        release, count = rows[0]
        return int(release), int(count)


def make_project(root: Path, source: Path, secret: str, *, mlflow: Path | None = None) -> Project:
    """A project that nothing was run in; a copy of the empty database `mlflow` spares the first run from making one."""
    project = Project(root)
    (root / "home").mkdir(parents=True)
    project.manifest.parent.mkdir()
    project.manifest.write_text(MANIFEST)
    (project.workspace / "warehouses").mkdir(parents=True)
    shutil.copy(source, project.workspace / "warehouses" / "prod.duckdb")
    if mlflow is not None:
        (project.workspace / "mlflow").mkdir()
        shutil.copy(mlflow, project.workspace / "mlflow" / "mlflow.db")
    key = project.workspace / "secret.key"
    key.write_text(secret)
    key.chmod(0o600)
    return project
