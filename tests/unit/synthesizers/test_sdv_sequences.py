"""SDV's PAR behind our sequences: families in order, between their parents' dates, the same again from the same seed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tiny_twins import Tables, learn, link, resolved, twin_of
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.relations.sequence_facts import lesson_of
from warehouse_twin.relations.training import training_view
from warehouse_twin.relations.whole_sequences import fit_ordered
from warehouse_twin.synthesizers.protocol import Model
from warehouse_twin.synthesizers.registry import find_synthesizer, load_model, model_digest
from warehouse_twin.workspace import read_json, write_json

pytestmark = pytest.mark.filterwarnings("ignore")  # SDV and what it imports warn about one another's deprecations
PEOPLE, VISITS = 40, 4


@pytest.fixture(scope="module")
def visits() -> tuple[ResolvedTwin, Tables]:
    """Four visits a person, days apart, from the day of birth on; the ward never changes, the dose varies and may be missing."""
    draw = np.random.default_rng(3)
    born = [dt.date(2020, 1, 1) + dt.timedelta(days=int(day)) for day in draw.integers(0, 300, PEOPLE)]
    owner = np.repeat(np.arange(PEOPLE), VISITS)
    days = np.cumsum(draw.integers(1, 9, (PEOPLE, VISITS)), axis=1).ravel()
    doses = draw.integers(1, 50, len(owner)) / 10
    events = pa.table(
        {
            "id": np.arange(len(owner)) + 1,
            "person": owner + 1,
            "at": [born[person] + dt.timedelta(days=int(day)) for person, day in zip(owner, days, strict=True)],
            "ward": [["north", "south"][person % 2] for person in owner],
            "dose": pa.array(doses, mask=draw.random(len(owner)) < 0.3),
            "note": [f"visit {number} went well" for number in range(len(owner))],
        }
    )
    declared = ("id BIGINT", "person BIGINT!", "at DATE!", "ward VARCHAR", "dose DOUBLE", "note VARCHAR")
    table = resolved("visits", *declared, key=("id",), foreign=(link("person", "people"),), order_by="at")
    people = resolved("people", "id BIGINT", "born DATE", key=("id",))
    return twin_of(people, table, entity="people", k=5), {"people": pa.table({"id": np.arange(PEOPLE) + 1, "born": born}), "visits": events}


@pytest.fixture(scope="module")
def fitted(visits: tuple[ResolvedTwin, Tables], tmp_path_factory: pytest.TempPathFactory) -> Model:
    twin, source = visits
    learned = learn(twin, source, tmp_path_factory.mktemp("source"))
    view = training_view(twin["visits"], learned.plans, learned.profiles, learned.training, learned.read)
    import pyarrow.parquet as pq

    whole = pq.read_table(learned.folder / "visits.parquet")
    lesson = lesson_of(twin["visits"], learned.plans["visits"], view, whole, entity="__entity", holdout="__holdout")
    return fit_ordered(find_synthesizer("par"), lesson, parameters={"epochs": 2}, seed=3)


def context() -> pa.Table:
    """Three parents of 3, 1 and 2 rows."""
    born = [dt.date(2020, 5, 1), dt.date(2020, 7, 1), dt.date(2020, 9, 1)]
    family = np.asarray([0, 0, 0, 1, 2, 2])
    return pa.table({"people.born": [born[place] for place in family], "#family": family})


def test_families_are_drawn_in_order_from_their_parents_day_on(fitted: Model) -> None:
    drawn = fitted.sample(6, seed=5, counters=np.arange(6), context=context())
    assert set(drawn.column_names) == {"at", "ward", "dose", "note"}
    at = drawn["at"].to_pylist()
    assert at[0] < at[1] < at[2]
    assert at[4] < at[5]
    assert all(day >= born for day, born in zip(at, context()["people.born"].to_pylist(), strict=True))
    assert len(set(drawn["ward"].to_pylist()[:3])) == 1, "what never changes in a family does not"
    assert set(drawn["ward"].to_pylist()) <= {"north", "south"}


def test_a_saved_model_draws_the_same_and_another_seed_another(fitted: Model, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    write_json(tmp_path / "card.json", {"digest": model_digest(tmp_path)})
    again = load_model("par", tmp_path)
    drawn = fitted.sample(6, seed=5, context=context())
    assert drawn.equals(again.sample(6, seed=5, context=context()))
    assert not drawn.equals(again.sample(6, seed=6, context=context()))
    assert len(read_json(tmp_path / "losses.json")["loss"]) == 2
    assert again.sample(0, seed=5).num_rows == 0


def test_rows_alone_are_refused(fitted: Model, visits: tuple[ResolvedTwin, Tables], tmp_path: Path) -> None:
    learned = learn(*visits, tmp_path)
    with pytest.raises(ConfigurationError, match="people: par draws sequences, not rows; wanted order_by"):
        find_synthesizer("par").fit(learned.training("people"), learned.profiles["people"], given=(), parameters={}, seed=1)
