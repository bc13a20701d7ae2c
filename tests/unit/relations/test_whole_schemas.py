"""Whole schemas, drawn at random: whatever refers to whatever, the twin's keys hold, and nothing is null that may not be.

From source rows over profiles and trees to twin rows, in this process. The schemas are built to be hard: keys of several
columns, with times, shared between foreign keys; bridges, one-to-one tables, self-references, reference tables; columns whose
values are all too rare to keep; rows that break the keys that the manifest names.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from drawn_schemas import KEY_TYPES, SHAPES, TYPES, Builder, Spec
from tiny_twins import broken_promises, digest, learn, twin_of
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.relations.ruling import broken_rows

SPECS = st.builds(
    Spec,
    shape=st.sampled_from(SHAPES),
    rows=st.sampled_from([0, 1, 3, 12, 40, 90]),
    key_type=st.sampled_from(KEY_TYPES),
    columns=st.lists(st.tuples(st.sampled_from(sorted(TYPES)), st.booleans(), st.booleans()), max_size=3).map(tuple),
    parents=st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=3).map(tuple),
    itself=st.sampled_from([None, None, "nullable", "required"]),
    orphans=st.booleans(),
    shared=st.booleans(),
    again=st.booleans(),
    back=st.none() | st.integers(0, 11),
)


def build(specs: list[Spec], *, seed: int, k: int, holdout: float, entity: int | None) -> tuple[ResolvedTwin, dict[str, pa.Table]]:
    builder = Builder(np.random.default_rng(seed))
    backs: list[tuple[int, int]] = []
    for spec in specs:
        before = len(builder.tables)
        builder.add(spec)
        if spec.back is not None and len(builder.tables) > before:
            backs.append((before, spec.back))
    for place, index in backs:
        builder.refer_back(place, index)
    keyed = [item.name for item in builder.tables if item.table.primary_key and not item.keep_real]
    chosen = keyed[entity % len(keyed)] if entity is not None and keyed else None
    return twin_of(*builder.tables, entity=chosen, k=k, holdout=holdout), builder.rows


NONE = Spec("own key", 0, "INTEGER", (), (), itself=None, orphans=False, shared=False)
LED_BY_A_KEY = [
    replace(NONE, shape="no key"),
    replace(NONE, shape="place and time", rows=1),
    *[NONE] * 4,
    replace(NONE, rows=3, parents=((0, False),)),
    replace(NONE, parents=((0, False), (5, False))),
]
"""A table matched to a second parent by a column that is part of a key and no column of its model."""


@example(specs=LED_BY_A_KEY, seed=0, k=2, holdout=0.05, entity=None)
@given(
    specs=st.lists(SPECS, min_size=1, max_size=12),
    seed=st.integers(0, 10_000),
    k=st.sampled_from([2, 5, 10]),
    holdout=st.sampled_from([0.05, 0.2, 0.5]),
    entity=st.none() | st.integers(0, 5),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_promise_holds_in_any_schema(specs: list[Spec], seed: int, k: int, holdout: float, entity: int | None) -> None:
    twin, source = build(specs, seed=seed, k=k, holdout=holdout, entity=entity)
    with tempfile.TemporaryDirectory() as folder:
        learned = learn(twin, source, Path(folder))
        first, second = learned.draw(seed=1), learned.draw(seed=1)
        training = {item.name: learned.training(item.name) for item in twin.protected}
    assert broken_promises(twin, first, source) == []
    assert digest(first) == digest(second)
    for item in twin.protected:
        plan = learned.plans[item.name]
        assert not any(broken_rows(learned.profiles[item.name], plan, first).values())
        if plan.drive is None and (plan.new_key or not item.table.primary_key) and not plan.matched:
            assert first[item.name].num_rows == source[item.name].num_rows
            assert null_shares_are_off(training[item.name], first[item.name], plan.modelled) == []
        if (plan.new_key or not item.table.primary_key) and not plan.matched:
            for key in (*plan.links[1:], *plan.cut):
                rows, share = first[item.name], learned.profiles[item.name].key(key.columns, key.references).nulls
                if item.table.clearable(key) == key.columns[0] and first[key.references].num_rows:
                    assert rows.column(key.columns[0]).null_count == round(rows.num_rows * share)


def null_shares_are_off(training: pa.Table, drawn: pa.Table, columns: Sequence[str]) -> list[str]:
    """Columns of a table without parents whose share of nulls is further from the source's than chance explains."""
    off = []
    for name in columns:
        if training.num_rows and drawn.num_rows:
            # NaN is drawn as null where few hold it
            share, found = (pc.mean(pc.is_null(rows.column(name), nan_is_null=True)).as_py() for rows in (training, drawn))
            chance = 6 * (share * (1 - share) / drawn.num_rows) ** 0.5 + 3 / drawn.num_rows
            off += [name] if abs(found - share) > chance else []
    return off
