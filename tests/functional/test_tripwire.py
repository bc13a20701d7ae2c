"""Real values are radioactive: what was planted in a source is in no byte that its twins wrote, but in the secure zone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shop_project import CHECKOUT, Project
from tripwire import Hit, Tripwire
from tripwire_source import PLANTED, SECRET, make_source

MANIFEST = """\
twin: {twin}
source: {{warehouse: prod, schema: {schema}}}
target: {{warehouse: dev, schema: {twin}_twin}}
seed: 5
{entity}k: 10
holdout: 0.3
gates:
  undecided: {{accept: true, reason: "Five hundred people: what the distances say is not the matter here."}}
"""
WARD = """\
tables:
  towns: {{keep: real}}
  people:
    synthesizer: {synthesizer}
    columns: {{email: {{pii: email}}}}
  visits:
"""
PARITY = "dbt_parity: {project: marts}\n"
MARTS = {
    "dbt_project.yml": "name: marts\nconfig-version: 2\nprofile: marts\n",
    "models/sources.yml": "sources: [{name: ward, tables: [{name: people}]}]\n",
    "models/cast.sql": "SELECT CAST(label AS INTEGER) AS label FROM {{ source('ward', 'people') }} WHERE label LIKE 'zqx%'",
    "models/error.sql": "SELECT error('no such ' || label) AS label FROM {{ source('ward', 'people') }} WHERE label LIKE 'zqx%'",
    "models/raised.sql": "{% if execute %}{% set rows = run_query('SELECT max(label) FROM ' ~ source('ward', 'people')) %}"
    "{{ exceptions.raise_compiler_error('odd: ' ~ rows.rows[0].values() | join) }}{% endif %}",
    "models/kept.sql": "SELECT id, tier FROM {{ source('ward', 'people') }}",
}
"""A user's dbt project that fails on real rows in each way that quotes them."""
ODD = """\
tables:
  kinds: {keep: real}
  lab: {keep: real, foreign_keys: [{columns: kind, references: kinds}]}
"""
LEAKY = '''
"""A third party's synthesizer that hands out the rows it was given, and says them aloud when it is told to fail."""
import pyarrow as pa
import pyarrow.parquet as pq
from warehouse_twin.manifest.traits import Traits

class Model:
    def __init__(self, rows, breaks):
        self.rows, self.breaks = rows, breaks
    def sample(self, rows, *, seed, counters=None, context=None, columns=None):
        if self.breaks == "sample":
            raise ValueError(f"cannot draw {self.rows.to_pylist()}")
        return self.rows.take(pa.array([row % self.rows.num_rows for row in range(rows)]))
    def save(self, folder):
        pq.write_table(self.rows.replace_schema_metadata({"breaks": self.breaks}), folder / "rows.parquet")

class Leaky:
    name, conditional, traits = "leaky", False, Traits()
    def fit(self, training, profile, *, given, parameters, seed, leading=()):
        if parameters["breaks"] == "fit":
            raise ValueError(f"cannot learn {training.to_pylist()}")
        return Model(training, parameters["breaks"])
    def load(self, folder):
        rows = pq.read_table(folder / "rows.parquet")
        return Model(rows, rows.schema.metadata[b"breaks"].decode())

LEAKY = Leaky()
'''
TRIPWIRE = Tripwire(PLANTED)


def make_project(root: Path) -> Project:
    project = Project(root)
    for name in ("home", "temporary", "twins", "plug-in/leaky-1.0.dist-info"):
        (root / name).mkdir(parents=True)
    leaky = "{name: leaky, parameters: {breaks: nothing}}"
    for name, synthesizer, more in (("ward", "tree", ""), ("thief", leaky, PARITY)):
        head = MANIFEST.format(twin=name, schema="ward", entity="entity: people\n") + more
        (root / "twins" / f"{name}.yml").write_text(head + WARD.format(synthesizer=synthesizer))
    (root / "marts" / "models").mkdir(parents=True)
    for name, text in MARTS.items():
        (root / "marts" / name).write_text(text)
    (root / "twins" / "odd.yml").write_text(MANIFEST.format(twin="odd", schema="odd", entity="") + ODD)
    (root / "plug-in" / "wt_leaky.py").write_text(LEAKY)
    info = root / "plug-in" / "leaky-1.0.dist-info"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[warehouse_twin.synthesizers]\nleaky = wt_leaky:LEAKY\n")
    shutil.copytree(CHECKOUT / "dbt_project", root / "dbt_project")
    make_source(project.workspace / "warehouses" / "prod.duckdb")
    (project.workspace / "secret.key").write_text(SECRET)
    (project.workspace / "secret.key").chmod(0o600)
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Twins that were made, with all they said in the folder `said`."""
    project = make_project(tmp_path_factory.mktemp("tripwire"))
    own = [str(CHECKOUT / "plugins"), str(CHECKOUT / "tests"), str(project.root / "plug-in")]
    environment = project.environment | {"PYTHONPATH": os.pathsep.join(own), "TMPDIR": str(project.root / "temporary")}
    said = project.root / "said"
    said.mkdir()
    command = [sys.executable, str(CHECKOUT / "tests" / "tripwire_run.py")]
    with (said / "out").open("w") as out, (said / "err").open("w") as err:
        done = subprocess.run(command, cwd=project.root, env=environment, stdout=out, stderr=err, timeout=900, check=False)
    assert done.returncode == 0, (said / "out").read_text()[-2_000:] + (said / "err").read_text()[-2_000:]
    return project


@pytest.fixture(scope="module")
def hits(project: Project) -> list[Hit]:
    """Everything found anywhere but in the source itself, and in those of its files that a database keeps beside it."""
    return TRIPWIRE.search(project.root, but=[project.workspace / "warehouses" / "prod.duckdb"])


def test_no_real_value_left_the_secure_zone(project: Project, hits: list[Hit]) -> None:
    assert [str(hit) for hit in hits if not hit.path.is_relative_to(project.workspace / "secure")] == []


def test_the_failures_were_radioactive(project: Project, hits: list[Hit]) -> None:
    """Or nothing was shown: what a stage failed with quoted rows, and is kept where rows may be."""
    secure = project.workspace / "secure"
    failed = {hit.path.relative_to(secure).as_posix() for hit in hits if hit.path.parent.name == "failures"}
    assert failed == {
        "ward/failures/1-profile.txt",
        "thief/failures/1-train.txt",
        "thief/failures/1-synthesize.txt",
    }


def test_after_the_verdict_no_snapshot_is_left_and_rows_are_only_where_the_thief_put_them(project: Project, hits: list[Hit]) -> None:
    secure = project.workspace / "secure"
    assert [path for path in secure.glob("*/snapshot/*") if path.name[0] != "."] == []
    stolen = {
        hit.path.relative_to(secure).parts[:2] for hit in hits if hit.path.is_relative_to(secure) and hit.path.parent.name != "failures"
    }
    assert len({hit.name for hit in hits if "train" in hit.path.parts}) > 15, "or whoever was planted is held out"
    stolen.discard(("scratch", "spark.log"))  # what Java said of the failure; twin gc drops it
    assert stolen == {("thief", "train"), ("thief", "synthesize"), ("thief", "materialize")}


def test_the_gate_saw_the_thief(project: Project) -> None:
    [file] = (project.workspace / "internal" / "thief" / "gate").glob("*/verdict.json")
    failed = {
        (item["score"]["table"], item["score"]["measure"]) for item in json.loads(file.read_text())["judged"] if item["status"] == "fail"
    }
    assert ("people", "exact_copies") in failed
    told = json.loads((file.parent / "parity.json").read_text())["problems"]
    assert [line.partition(": Runtime")[0].partition(": Compilation")[0] for line in told] == [
        f"{name}: not built on the source" for name in ("cast", "error", "raised")
    ]


def test_everything_was_looked_at(project: Project) -> None:
    """What the search must have met: every store that a run writes to, and a log of every library at DEBUG."""
    workspace, said = project.workspace, (project.root / "said" / "err").read_text()
    for found in (
        "mlflow/mlflow.db",
        "mlflow/artifacts",
        "registry/.git/objects",
        "dvc-remote/files",
        "internal/ward/gate",
        "warehouses/dev.duckdb",
    ):
        assert (workspace / found).exists(), found
    for logger in ("dulwich", "fsspec", "warehouse_twin"):
        assert f"DEBUG:{logger}" in said or f"INFO:{logger}" in said, logger
