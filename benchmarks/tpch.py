"""TPC-H through the real stages, resolve to gate: time, CPU and memory of each.

`tpchgen-cli` makes the source; the manifest says keys, the entity and which tables are kept, and nothing else. Each stage is a
command of its own, as an operator would run it. SEED (1) makes the workspace's secret, and so who is held out and every draw: a run can
be repeated. With WORK=<folder> everything is kept there: `source/<table>.parquet` beside `twin/<table>.parquet`, to be measured.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from benchmarks.processes import measured
from warehouse_twin.digests import digest_of, digest_table

CHECKOUT = Path(__file__).resolve().parents[1]
STAGES = ("resolve", "profile", "train", "synthesize", "materialize", "gate")
MADE = STAGES[1:4]
KEYS = {
    "region": ("r_regionkey",),
    "nation": ("n_nationkey",),
    "supplier": ("s_suppkey",),
    "part": ("p_partkey",),
    "partsupp": ("ps_partkey", "ps_suppkey"),
    "customer": ("c_custkey",),
    "orders": ("o_orderkey",),
    "lineitem": ("l_orderkey", "l_linenumber"),
}
MANIFEST = """\
twin: tpch
source: {warehouse: prod, schema: tpch}
target: {warehouse: dev, schema: tpch}
seed: 1
entity: customer
tables:
  region:
    keep: real
    primary_key: r_regionkey
  nation:
    keep: real
    primary_key: n_nationkey
    foreign_keys: [{columns: n_regionkey, references: region}]
  supplier:
    primary_key: s_suppkey
    foreign_keys: [{columns: s_nationkey, references: nation}]
    gates:
      undecided: {accept: true, reason: Below scale factor 0.2 too few suppliers are held out for attacks on privacy.}
  part:
    primary_key: p_partkey
  partsupp:
    primary_key: [ps_partkey, ps_suppkey]
    foreign_keys:
      - {columns: ps_partkey, references: part}
      - {columns: ps_suppkey, references: supplier}
  customer:
    primary_key: c_custkey
    foreign_keys: [{columns: c_nationkey, references: nation}]
  orders:
    primary_key: o_orderkey
    foreign_keys: [{columns: o_custkey, references: customer}]
  lineitem:
    primary_key: [l_orderkey, l_linenumber]
    foreign_keys:
      - {columns: l_orderkey, references: orders}
      - {columns: [l_partkey, l_suppkey], references: partsupp}
"""


@dataclass(frozen=True)
class Project:
    """A user's project: `source` (where it is a folder) and `twin` hold one Parquet file a table."""

    root: Path
    name: str = "tpch"

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def twin(self) -> Path:
        return self.root / "twin"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TWIN_", "AIRFLOW_", "MLFLOW_"))}
        passed = {name: value for name, value in os.environ.items() if name.startswith("TWIN_SPARK_")}
        paths = {"TWIN_PROJECT": str(self.root), "TWIN_WORKSPACE": str(self.root / ".twin"), "PYTHONPATH": str(CHECKOUT / "plugins")}
        return kept | passed | paths

    def seed(self) -> None:
        """Give the workspace the secret that SEED stands for."""
        secret = self.root / ".twin" / "secret.key"
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text(hashlib.sha256(os.environ.get("SEED", "1").encode()).hexdigest())

    def run(self, stage: str) -> dict[str, Any]:
        """Run a stage; what it cost."""
        command = [sys.executable, "-m", "warehouse_twin.cli.main", stage, self.name, "--json"]
        try:
            usage = measured(command, cwd=self.root, env=self.environment)
        except subprocess.CalledProcessError as error:
            raise SystemExit(f"twin {stage}: {error.stderr}") from None
        return {name: round(value, 1) for name, value in asdict(usage).items()}

    def link_twin(self) -> None:
        """Make `twin` lead to what `synthesize` left."""
        receipt = json.loads((self.root / ".twin" / "receipts" / self.name / "synthesize.json").read_text())
        self.twin.unlink(missing_ok=True)
        self.twin.symlink_to(self.root / ".twin" / receipt["output"] / "twin")


def generate(scale: float, folder: Path) -> None:
    """The eight tables as Parquet files, one each."""
    command = Path(sys.executable).with_name("tpchgen-cli")
    subprocess.run([command, "parquet", "-s", f"{scale:g}", "--output-dir", folder], check=True, stdout=subprocess.DEVNULL)


def make_project(root: Path, scale: float, manifest: str = MANIFEST) -> Project:
    """A project whose source is TPC-H at this scale factor. Keys are in the manifest, so that the source need not index them."""
    project = Project(root)
    project.source.mkdir(parents=True)
    generate(scale, project.source)
    warehouses = root / ".twin" / "warehouses"
    warehouses.mkdir(parents=True)
    with duckdb.connect(str(warehouses / "prod.duckdb")) as opened:
        opened.execute("CREATE SCHEMA tpch")
        for name in KEYS:
            rows = opened.read_parquet(str(project.source / f"{name}.parquet"))
            rows.create(f"tpch.{name}")
            for column in rows.columns:
                opened.execute(f"ALTER TABLE tpch.{name} ALTER COLUMN {column} SET NOT NULL")
    project.seed()
    (root / "twins").mkdir()
    (root / "twins" / "tpch.yml").write_text(manifest)
    return project


@contextmanager
def workplace(name: str) -> Iterator[Path]:
    """An empty folder: below WORK if that is set, where it stays, else a temporary one."""
    if kept := os.environ.get("WORK"):
        folder = Path(kept).resolve() / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)


def study(scale: float) -> list[dict[str, Any]]:
    """A line a stage, and one for the three that make the twin together."""
    with workplace(f"tpch-{scale:g}") as folder:
        project = make_project(folder, scale)
        rows = {name: pq.read_metadata(project.source / f"{name}.parquet").num_rows for name in KEYS}
        lines = []
        for stage in STAGES:
            lines.append({"case": "tpch", "scale": scale, "rows": sum(rows.values()), "stage": stage} | project.run(stage))
            print(f"tpch {scale:g} {stage}: {lines[-1]['wall_s']} s", file=sys.stderr)
        project.link_twin()
        digest = digest_of({name: digest_table(pq.read_table(project.twin / f"{name}.parquet"), keys=key) for name, key in KEYS.items()})
    return [_with_rates(line) for line in [*lines, _together(lines) | {"digest": digest[:16]}]]


def _together(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    later = [line for line in lines if line["stage"] in MADE]
    sums = {name: round(sum(line[name] for line in later), 1) for name in ("wall_s", "cpu_s")}
    peaks = {name: max(line[name] for line in later) for name in ("driver_mb", "jvm_mb", "workers_mb")}
    return lines[0] | {"stage": " + ".join(MADE)} | sums | peaks


def _with_rates(line: dict[str, Any]) -> dict[str, Any]:
    return line | {"us_per_row": round(1e6 * line["wall_s"] / line["rows"], 1)}


def show(lines: Sequence[dict[str, Any]]) -> None:
    """The table, then one JSON object a line."""
    columns = ("scale", "rows", "stage", "wall_s", "cpu_s", "driver_mb", "jvm_mb", "workers_mb", "us_per_row")
    print(" | ".join(columns))
    for line in lines:
        print(" | ".join(str(line[column]) for column in columns))
    versions = {package: version(package) for package in ("warehouse-twin", "pyspark", "pyarrow", "numpy", "tpchgen-cli")}
    for line in lines:
        print(json.dumps(line | {"versions": versions}))
