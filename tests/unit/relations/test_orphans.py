"""Orphans that are kept: as many as in the source, with keys that nobody has, and nobody's real key."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tiny_blueprints import CUSTOMERS, HOURS, PEOPLE, TO_CUSTOMER, TO_WEATHER, WEATHER, blueprint, evidence, frame_of, plain
from tiny_twins import Tables, broken_promises, digest, learn, link, resolved, twin_of
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.profiling.matching import columns_of, match_rows
from warehouse_twin.relations.orphans import Astray, strangers

KEPT = replace(TO_CUSTOMER, keeps_orphans=True)


def visits(nullable: bool = True) -> object:
    return resolved("visits", "id BIGINT", f"customer BIGINT{'' if nullable else '!'}", key=("id",), foreign=(KEPT,))


def test_a_key_that_keeps_orphans_is_the_same_key() -> None:
    assert KEPT == TO_CUSTOMER
    assert hash(KEPT) == hash(TO_CUSTOMER)


def test_orphans_come_beside_the_rows_that_have_a_parent() -> None:
    """Of 20 rows 12 have parents, two are null, six lead nowhere."""
    plan = blueprint(CUSTOMERS, visits(), keys=[evidence(KEPT, (3.0, 3.0, 4), nulls=0.1, orphans=0.3)])  # type: ignore[arg-type]
    found = plain(frame_of(plan, {"customers": PEOPLE}, seed=1))["customer"]
    assert len(found) == 20
    assert found.count(None) == 2
    assert sum(key in (11, 12, 13, 14) for key in found) == 12
    assert {key for key in found if key is not None and key > 14} == {15, 16}  # two strangers, as a parent has three rows


def test_a_key_that_may_not_be_null_has_orphans_all_the_same() -> None:
    plan = blueprint(CUSTOMERS, visits(nullable=False), keys=[evidence(KEPT, (3.0, 3.0, 4), nulls=0.1, orphans=0.25)])  # type: ignore[arg-type]
    found = plain(frame_of(plan, {"customers": PEOPLE}, seed=1))["customer"]
    assert len(found) == 16
    assert sum(key > 14 for key in found) == 4


def test_no_orphans_of_parents_that_are_not_there() -> None:
    plan = blueprint(CUSTOMERS, visits(), keys=[evidence(KEPT, (3.0, 3.0, 4), orphans=0.25)])  # type: ignore[arg-type]
    assert plain(frame_of(plan, {"customers": PEOPLE.slice(0, 0)}, seed=1))["customer"] == []


def test_a_matched_key_stays_where_it_was_drawn() -> None:
    """Half of the rows may stay astray: those that are drawn without weather come first."""
    key = replace(TO_WEATHER, keeps_orphans=True)
    flights = resolved("flights", "place VARCHAR!", "hour BIGINT!", foreign=(key,))
    source = {"place": ["JFK", "JFK", "LGA", "LGA"], "hour": [0, 10, 7, 8]}
    plan = blueprint(WEATHER, flights, keys=[evidence(key, (1.0, 1.0, 3), orphans=0.5)], source=source)
    found = frame_of(plan, {"weather": HOURS}, seed=1)
    links = match_rows(columns_of(found, ("place", "hour")), columns_of(HOURS, ("place", "hour")))
    assert plain(found) == source
    assert links.tolist() == [0, 1, -1, -1]
    more = replace(plan, profile=replace(plan.profile, keys=(evidence(key, (1.0, 1.0, 3), orphans=0.75),)))
    found = frame_of(more, {"weather": HOURS}, seed=1)
    assert (match_rows(columns_of(found, ("place", "hour")), columns_of(HOURS, ("place", "hour"))) < 0).sum() == 3


def test_the_column_that_leads_nowhere_is_no_other_keys() -> None:
    key = replace(link("place hour", "weather", "place hour"), keeps_orphans=True)
    table = resolved("flights", "place VARCHAR", "hour BIGINT", foreign=(key, link("place", "places")))
    assert table.table.own_columns(key)[0] == "hour"


# ── strangers ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("known", "made"),
    [
        (pa.array([3, 7, None]), [8, 9]),
        (pa.array([127, 5], type=pa.int8()), [4, 3]),
        (pa.array([1.5, 2.5]), [3.0, 4.0]),
        (pa.array([dt.date(2024, 2, 28)]), [dt.date(2024, 2, 29), dt.date(2024, 3, 1)]),
        (pa.array([dt.datetime(2024, 2, 28, 5)]), [dt.datetime(2024, 2, 29, 5), dt.datetime(2024, 3, 1, 5)]),
    ],
)
def test_numbers_and_times_that_lead_nowhere_are_beyond_the_others(known: pa.Array, made: list) -> None:
    assert strangers(pa.chunked_array([known]), 2, seed=1).to_pylist() == made


def test_texts_that_lead_nowhere_look_like_the_others() -> None:
    known = pa.chunked_array([pa.array(["AB-1", "XY-7"])])
    found = strangers(known, 30, seed=1)
    assert pc.all(pc.match_substring_regex(found, "^[A-Z]{2}-[0-9]$")).as_py()
    assert len(set(found.to_pylist()) - {"AB-1", "XY-7"}) == 30
    assert strangers(known, 30, seed=1).equals(found)


def test_texts_run_out_and_are_numbered() -> None:
    assert len(set(strangers(pa.chunked_array([["1", "2", "3"]]), 12, seed=1).to_pylist()) - {"1", "2", "3"}) == 12


def test_types_without_other_values_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="orphans cannot be kept in a key of type bool"):
        strangers(pa.chunked_array([[True]]), 1, seed=1)
    with pytest.raises(ConfigurationError, match="has no 300 values left"):
        strangers(pa.chunked_array([pa.array([5], type=pa.int8())]), 300, seed=1)


def test_a_column_that_is_drawn_in_parts_goes_astray_row_by_row() -> None:
    part = Astray("dest", 0.25, pa.chunked_array([["ZZZ"]]))
    column = pa.chunked_array([["JFK", None] * 1_000])
    counters = np.arange(2_000)
    found = part.apply(column, counters, seed=1)
    assert found.null_count == 1_000
    assert found.to_pylist().count("ZZZ") == pytest.approx(250, abs=40)
    assert part.apply(column.slice(700), counters[700:], seed=1).to_pylist() == found.to_pylist()[700:]


# ── whole twins ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_twin_has_as_many_orphans_as_its_source(tmp_path: Path) -> None:
    """A tenth of the orders lead to no customer and a fifth to no country, a table that is passed through."""
    draw = np.random.default_rng(1)
    countries = resolved("countries", "code VARCHAR", key=("code",), keep_real=True)
    customers = resolved("customers", "id BIGINT", "age INTEGER", key=("id",))
    keys = (replace(TO_CUSTOMER, keeps_orphans=True), replace(link("country", "countries", "code"), keeps_orphans=True))
    orders = resolved("orders", "id BIGINT", "customer BIGINT", "country VARCHAR!", "total DOUBLE", key=("id",), foreign=keys)
    ids = np.arange(100) + 1
    customer = np.where(draw.random(600) < 0.1, 900, draw.choice(ids, 600))
    country = np.where(draw.random(600) < 0.2, "XX", draw.choice(["DE", "FR"], 600))
    source: Tables = {
        "countries": pa.table({"code": ["DE", "FR"]}),
        "customers": pa.table({"id": ids, "age": pa.array(draw.integers(20, 60, 100), type=pa.int32())}),
        "orders": pa.table({"id": np.arange(600), "customer": customer, "country": country, "total": draw.random(600)}),
    }
    twin: ResolvedTwin = twin_of(countries, customers, orders, entity="customers", k=5)
    learned = learn(twin, source, tmp_path)
    found = learned.draw(seed=3)
    assert broken_promises(twin, found, source) == []
    assert digest(found) == digest(learned.draw(seed=3))
    for key in keys:
        shares = [astray(tables, key) for tables in (source, found)]
        assert shares[1] == pytest.approx(shares[0], abs=0.04)
        assert shares[1] > 0
    assert 900 not in found["orders"].column("customer").to_pylist()
    assert "XX" not in found["orders"].column("country").to_pylist()


def astray(tables: Tables, key: object) -> float:
    child = columns_of(tables["orders"], key.columns)  # type: ignore[attr-defined]
    links = match_rows(child, columns_of(tables[key.references], key.references_columns))  # type: ignore[attr-defined]
    return float((links < 0).mean())
