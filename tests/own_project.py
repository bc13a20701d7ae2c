"""A dbt project of somebody's own, two releases of a twin of what it reads, and dbt run for real, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from warehouse_twin.warehouses import Publication, Warehouse

PACKAGE = Path(__file__).resolve().parents[1] / "dbt_project"
PROJECT = {
    "name": "own",
    "profile": "own",
    "models": {"own": {"+materialized": "table"}},
    # below a package's name dbt shows vars to that package alone: ours are seen all the same
    "vars": {"warehouse_twin": {"twin_schemas": {"shop": "shop_twin"}}, "own": {"twin_targets": {"twin": "shop@1"}}},
    "flags": {"send_anonymous_usage_stats": False},
    # keeps what one of several runs built, so that all of them can run in one process
    "on-run-end": "{% if var('kept', none) %}create table marts.{{ var('kept') }} as select * from marts.revenue{% endif %}",
}
FILES = {
    "models/sources.yml": """
sources:
  - name: raw
    schema: shop
    tables:
      - name: customers
        meta: {twin: {entity: true}}
        columns:
          - {name: id, data_tests: [unique, not_null]}
          - {name: tier, data_tests: [{accepted_values: {arguments: {values: [gold, plain, real]}}}], config: {meta: {twin: {kind: text}}}}
      - name: orders
        identifier: "Orders, all"
        columns:
          - name: customer_id
            data_tests: [{relationships: {arguments: {to: "source('raw', 'customers')", field: id}, config: {where: total > 0}}}]
      - {name: gone, config: {enabled: false}, columns: [{name: x, data_tests: [unique]}]}
  - name: files
    schema: shop
    tables:
      - name: countries
        config: {meta: {external_location: "{{ var('countries', 'nowhere.parquet') }}"}}
models:
  - name: names
    columns: [{name: customer_id, data_tests: [unique]}, {name: tier, constraints: [{type: not_null}]}]
unit_tests:
  - name: adds_up
    model: revenue
    given:
      - {input: "source('raw', 'customers')", rows: [{id: 1, tier: gold}]}
      - {input: "source('raw', 'orders')", rows: [{customer_id: 1, total: 2}, {customer_id: 1, total: 3}]}
    expect: {rows: [{tier: gold, orders: 2, total: 5}]}
""",
    "models/revenue.sql": """
select c.tier, count(*) as orders, sum(o.total) as total, '{{ warehouse_twin.twin_release('raw') }}' as release
from {{ source('raw', 'orders') }} as o join {{ source('raw', 'customers') }} as c on c.id = o.customer_id
group by c.tier
""",
    "models/names.sql": "select id as customer_id, tier from {{ source('raw', 'customers') }}\n",
    "models/places.sql": "select count(*) as countries from {{ source('files', 'countries') }}\n",
}
BY_HAND = """
SELECT tier, count(*), sum(total) FROM "{schema}"."Orders, all" AS o JOIN "{schema}".customers AS c ON c.id = customer_id GROUP BY 1
"""
_RUN = """
import json, sys
from dbt.cli.main import dbtRunner
manifest = None
for words in json.loads(sys.argv[1]):
    done = dbtRunner(manifest=manifest).invoke(words)
    manifest = done.result if words[0] == "parse" else manifest
    why = f"exception: {done.exception}" if done.exception else ""
    print(f"\\n\\0{why}\\0{json.dumps(bool(done.success))}\\0", end="", flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """How one command of dbt ended, and all that it said."""

    ok: bool
    said: str


def make_project(root: Path, outputs: dict[str, dict[str, object]]) -> None:
    """The project's files; its profile has the outputs `dev` and `twin`, which are one place."""
    for name, text in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (root / "dbt_project.yml").write_text(yaml.safe_dump(PROJECT))
    (root / "profiles.yml").write_text(yaml.safe_dump({"own": {"target": "dev", "outputs": outputs}}))


def dbt(project: Path, *commands: tuple[str, ...]) -> list[Ended]:
    """Commands of dbt, one after the other in one process; those after a `parse` take what that has parsed. Both spare time."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "TWIN_"))}
    own = {"HOME": str(project), "DO_NOT_TRACK": "1", "DBT_PROFILES_DIR": str(project)}
    own |= {"DBT_USE_COLORS": "false", "DBT_VERSION_CHECK": "false"}
    done = subprocess.run(
        [sys.executable, "-c", _RUN, json.dumps([list(words) for words in commands])],
        cwd=project, env=kept | own, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    parts = done.stdout.split("\0")[:-1]
    return [Ended(json.loads(ok), said + why) for said, why, ok in zip(parts[::3], parts[1::3], parts[2::3], strict=True)]


def release_shop(warehouse: Warehouse, release: int, folder: Path) -> None:
    """Install and publish a release of the twin `shop`, each with rows of its own; the first has no countries."""
    schema = f"shop_twin__r{release}"
    ids = np.arange(1, 20 * release + 1, dtype=np.int32)
    rows = {
        "customers": pa.table({"id": ids, "tier": np.where(ids % (release + 1) > 0, "plain", "gold")}),
        "Orders, all": pa.table({"customer_id": ids[::-1].copy(), "total": 7 * ids}),
    }
    if release > 1:
        rows["countries"] = pa.table({"code": ["AA", "BB"]})
    files = {name: folder / f"{release}-{place}.parquet" for place, name in enumerate(rows)}
    for name, table in rows.items():
        pq.write_table(table, files[name])
    statements = [statement.replace("shop.", f"{schema}.") for statement in TABLES[: len(rows)]]
    warehouse.install(schema, [f"CREATE SCHEMA {schema}", *statements], files)
    with warehouse.snapshot(schema) as snapshot:
        tables = snapshot.tables()
    publication = Publication("shop", release, f"d{release}", "2026-01-02T03:04:05+00:00")
    warehouse.publish(public="shop_twin", private=schema, tables=tables, publication=publication)


TABLES = (
    "CREATE TABLE shop.customers (id INTEGER PRIMARY KEY, tier VARCHAR(10) NOT NULL)",
    'CREATE TABLE shop."Orders, all" (customer_id INTEGER, total INTEGER)',
    "CREATE TABLE shop.countries (code VARCHAR(3))",
)
REAL = (
    "CREATE SCHEMA shop",
    *TABLES,
    "INSERT INTO shop.customers VALUES (1, 'real'), (2, 'real')",
    'INSERT INTO shop."Orders, all" VALUES (1, 100), (2, 1000)',
    "INSERT INTO shop.countries VALUES ('DE'), ('FR'), ('IT'), ('ES'), ('PL')",
)
