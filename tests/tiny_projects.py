"""A clinic of two tables, and dbt projects over it that a test writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_twin.manifest.resolved import Column, ForeignKey, ResolvedTable, ResolvedTwin, Table

PATIENTS = Table("patients", (Column("id", "BIGINT", False), Column("city", "VARCHAR", True), Column("name", "VARCHAR", False)), ("id",))
VISITS = Table(
    "visits",
    (
        Column("id", "BIGINT", False),
        Column("patient", "BIGINT", True),
        Column("came", "DATE", False),
        Column("kind", "VARCHAR", False),
        Column("cost", "DECIMAL(10,2)", False),
    ),
    ("id",),
    (ForeignKey(("patient",), "patients", ("id",)),),
)
CLINIC = ResolvedTwin(
    "clinic", "prod", "clinic", "dev", "clinic", 7, "patients", 10, 0.2, (ResolvedTable(PATIENTS, False), ResolvedTable(VISITS, False))
)
SECRET_NAME = "zz-sentinel-41c9"
SOURCES = """\
version: 2
sources:
  - name: clinic
    tables: [{name: patients}, {name: visits}]
"""


def clinic(seed: int, *, patients: int = 1500) -> dict[str, pa.Table]:
    """Patients who come several times; what a visit costs depends on its kind and on the patient's city."""
    draw = np.random.default_rng(seed)
    city = draw.choice(["Ulm", "Bonn", "Kiel"], patients, p=[0.5, 0.3, 0.2])
    owner = np.repeat(np.arange(patients), draw.poisson(4, patients))
    kind = np.where(draw.random(len(owner)) < np.where(city[owner] == "Ulm", 0.9, 0.2), "check", "surgery")
    cost = np.round(np.where(kind == "check", 50, 900) * draw.uniform(0.9, 1.1, len(owner)), 2)
    came = np.datetime64("2024-01-01") + draw.integers(0, 300, len(owner))
    names = [f"{SECRET_NAME}-{number}" for number in range(patients)]
    return {
        "patients": pa.table({"id": np.arange(patients), "city": city, "name": names}),
        "visits": pa.table({"id": np.arange(len(owner)), "patient": owner, "came": came, "kind": kind, "cost": cost}),
    }


def as_files(folder: Path, tables: Mapping[str, pa.Table]) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / f"{name}.parquet" for name in tables}
    for name, rows in tables.items():
        pq.write_table(rows, files[name])
    return files


def write_project(folder: Path, models: Mapping[str, str], *, schema: str = "", more: Mapping[str, str] | None = None) -> Path:
    """A project named after its folder: models by name, sources of the clinic, tests in `schema`, and other files by their path."""
    files = {f"models/{name}.sql": text for name, text in models.items()} | dict(more or {})
    files = {"dbt_project.yml": f"name: {folder.name}\nconfig-version: 2\nprofile: hers\n", "models/sources.yml": SOURCES} | files
    if schema:
        files["models/schema.yml"] = f"version: 2\nmodels:\n{schema}"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder
