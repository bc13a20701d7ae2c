"""Sequences of any table: few rows or none, times that are missing or the same, keys with a time in them, no parent."""

from __future__ import annotations

import datetime as dt
import decimal
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiny_twins import Tables, broken_promises, digest, learn, link, resolved, twin_of
from warehouse_twin.manifest.resolved import ResolvedTwin

START = dt.datetime(2024, 1, 1, 8)
MADE = {
    "DATE": (pa.date32(), lambda number: START.date() + dt.timedelta(days=number)),
    "TIMESTAMP": (pa.timestamp("us"), lambda number: START + dt.timedelta(hours=7 * number)),
    "INTEGER": (pa.int32(), lambda number: number),
    "DECIMAL(9,2)": (pa.decimal128(9, 2), lambda number: decimal.Decimal(number) / 4),
    "DOUBLE": (pa.float64(), lambda number: number / 8),
}


@st.composite
def schemas(draw: st.DrawFn) -> tuple[ResolvedTwin, Tables]:
    kind, key = draw(st.sampled_from(sorted(MADE))), draw(st.sampled_from(["own", "time", "line", "none"]))
    people, rows, nullable = draw(st.sampled_from([1, 3, 20])), draw(st.sampled_from([0, 1, 7, 60])), key != "time" and draw(st.booleans())
    random = np.random.default_rng(draw(st.integers(0, 1_000)))
    arrow, make = MADE[kind]
    owners = [None if key in ("own", "none") and random.random() < 0.1 else int(random.integers(1, people + 1)) for _ in range(rows)]
    numbers = list(range(rows)) if key == "time" else random.integers(0, 12, rows).tolist()
    columns = {
        "person": pa.array(owners, type=pa.int64()),
        "at": pa.array([None if nullable and random.random() < 0.2 else make(int(number)) for number in numbers], type=arrow),
        "line": pa.array(range(rows), type=pa.int32()),
        "state": pa.array(random.choice(["a", "b"], rows).tolist(), type=pa.string()),
        "until": pa.array([None if random.random() < 0.3 else make(int(number) + 2) for number in numbers], type=arrow),
    }
    names = {"own": ("line",), "time": ("person", "at"), "line": ("person", "line"), "none": ()}[key]
    sized = {"order_by": "at", "validity": ("at", "until") if draw(st.booleans()) else None}
    declared = ("person BIGINT", f"at {kind}{'' if nullable else '!'}", "line INTEGER", "state VARCHAR", f"until {kind}")
    events = resolved("events", *declared, key=names, foreign=(link("person", "people"),), **sized)  # type: ignore[arg-type]
    born = [START.date() - dt.timedelta(days=int(day)) for day in random.integers(0, 50, people)]
    person = resolved("people", "id BIGINT", "born DATE", key=("id",))
    entity = draw(st.sampled_from([None, "people"]))
    tables = {"people": pa.table({"id": np.arange(people) + 1, "born": born}), "events": pa.table(columns)}
    return twin_of(person, events, entity=entity, k=draw(st.sampled_from([2, 5]))), tables


@given(schemas())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_promise_holds_for_any_sequence(schema: tuple[ResolvedTwin, Tables]) -> None:
    twin, source = schema
    with tempfile.TemporaryDirectory() as folder:
        learned = learn(twin, source, Path(folder))
        first, second = learned.draw(seed=1), learned.draw(seed=1)
    assert broken_promises(twin, first, source) == []
    assert digest(first) == digest(second)
    if twin["events"].validity:
        for family in _families(first["events"]):
            for before, now in pairwise(family):
                assert before["until"] is None or before["until"] <= now["at"]


def _families(events: pa.Table) -> list[list[dict]]:
    """The rows of each person that have a time, in their order."""
    found: dict[int, list[dict]] = {}
    for row in events.to_pylist():
        if row["person"] is not None and row["at"] is not None:
            found.setdefault(row["person"], []).append(row)
    return [sorted(rows, key=lambda row: (row["at"], row["until"] or row["at"])) for rows in found.values()]
