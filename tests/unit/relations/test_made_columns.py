"""Whole schemas with columns that the manifest has rules for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tiny_twins import Learned, Tables, learn, link, resolved, twin_of
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.generators.generator import Generator
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.comparable import record_columns, shape_columns
from warehouse_twin.relations.drawing import Drawing
from warehouse_twin.relations.frames import ROW
from warehouse_twin.relations.making import made_of
from warehouse_twin.relations.planning import planned
from warehouse_twin.relations.whole_schema import schema_frame

PEOPLE, LINES = 600, 1_500
SECRET = "known-to-nobody"


def generator(kind: Any, sql_type: str, *, unique: bool = False, nulls: float | None = None, **detail: Any) -> Generator:
    return Generator(kind, detail, sql_type, unique, nulls)


RULES = {
    "id": generator("sequence", "BIGINT", start=1000, step=10, per=[]),
    "employer": generator("faker", "VARCHAR", provider="company", arguments={}, locale="de_DE"),
    "code": generator("pattern", "VARCHAR", unique=True, text=r"[A-Z]{3}-\d{2}"),
    "label": generator("expression", "VARCHAR", text="tier || '/' || code || '/' || ID"),
    "spent": generator("expression", "DOUBLE", text="coalesce(total, 0) * 2"),
    "age": generator("range", "INTEGER", **{"from": 30, "to": 40, "step": None, "distribution": "learned"}),
}
LINE_RULES = {
    "line": generator("sequence", "INTEGER", start=1, step=1, per=["person"]),
    "channel": generator("choice", "VARCHAR", nulls=0.25, values=["web", "shop"], weights=[3.0, 1.0]),
}


def source() -> Tables:
    draw = np.random.default_rng(1)
    owner = draw.integers(0, PEOPLE, LINES)
    amount = draw.integers(1, 50, LINES).astype(np.float64)
    total = np.bincount(owner, weights=amount, minlength=PEOPLE)
    return {
        "people": pa.table(
            {
                "id": np.arange(PEOPLE),
                "employer": pa.array([f"{SECRET} {number % 7}" for number in range(PEOPLE)], mask=draw.random(PEOPLE) < 0.25),
                "code": pa.array([f"{SECRET}{number}" for number in range(PEOPLE)]),
                "label": pa.array([SECRET] * PEOPLE),
                "tier": np.where(draw.random(PEOPLE) < 0.3, "gold", "plain"),
                "total": pa.array(total, mask=np.bincount(owner, minlength=PEOPLE) == 0),
                "spent": np.zeros(PEOPLE),
                "age": pa.array(draw.integers(20, 60, PEOPLE), type=pa.int32()),
                "older": pa.array(draw.integers(60, 80, PEOPLE), type=pa.int32()),
            }
        ),
        "lines": pa.table(
            {
                "person": owner,
                "line": pa.array(np.zeros(LINES, dtype=np.int32)),
                "amount": amount,
                "channel": [SECRET] * LINES,
            }
        ),
    }


def shop(**changes: Any) -> ResolvedTwin:
    people = resolved(
        "people", "id BIGINT", "employer VARCHAR", "code VARCHAR!", "label VARCHAR!", "tier VARCHAR!", "total DOUBLE", "spent DOUBLE!",
        "age INTEGER!", "older INTEGER!", key=("id",), generators=RULES,
    )  # fmt: skip
    lines = resolved(
        "lines", "person BIGINT", "line INTEGER", "amount DOUBLE!", "channel VARCHAR", key=("person", "line"),
        foreign=(link("person", "people"),), generators=LINE_RULES,
    )  # fmt: skip
    return twin_of(replace(people, **changes), lines, entity="people", k=5)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    return learn(shop(), source(), tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def drawn(learned: Learned) -> Tables:
    return learned.draw(seed=3)


def test_nothing_of_a_made_column_is_learned_but_its_nulls(learned: Learned) -> None:
    people = learned.profiles["people"]
    for name in ("id", "employer", "code", "label", "spent"):
        profile = people.column(name)
        assert (profile.kind, profile.parts, dict(profile.formats), profile.distinct) == ("made", (), {}, 0)
    employer = people.column("employer")
    assert 0.2 < employer.nulls / employer.rows < 0.3
    assert people.column("code").nulls == people.column("label").nulls == 0
    assert SECRET not in json.dumps([profile.to_dict() for profile in learned.profiles.values()])
    assert set(learned.plans["people"].modelled) == {"tier", "total", "age", "older"}
    model = learned.blueprint("people").model
    assert not {"id", "employer", "code", "label", "spent"} & set(model.sample(3, seed=1).column_names)


def test_no_rule_is_about_a_column_that_is_made_or_held(learned: Learned) -> None:
    texts = [rule.text for profile in learned.profiles.values() for rule in profile.rules]
    assert "total = sum(lines.amount)" in texts
    assert not [text for text in texts if any(name in text for name in ("age", "spent", "line)", "channel"))]


def test_rules_hold_in_every_row(drawn: Tables) -> None:
    people, lines = drawn["people"], drawn["lines"]
    assert people.column("id").to_pylist() == list(range(1000, 1000 + 10 * PEOPLE, 10))
    assert pc.count_distinct(people.column("code")).as_py() == PEOPLE
    assert pc.all(pc.match_substring_regex(people.column("code"), r"^[A-Z]{3}-\d{2}$")).as_py()
    assert 0.18 < people.column("employer").null_count / PEOPLE < 0.34
    rows = people.to_pylist()
    assert all(row["label"] == f"{row['tier']}/{row['code']}/{row['id']}" for row in rows)
    assert {30, 40} < {row["age"] for row in rows} <= set(range(30, 41))
    assert 0.2 < lines.column("channel").null_count / lines.num_rows < 0.3
    counts = {value["values"]: value["counts"] for value in lines.column("channel").value_counts().to_pylist()}
    assert 2 < counts["web"] / counts["shop"] < 4
    assert SECRET not in str([table.to_pylist() for table in drawn.values()])


def test_children_have_the_keys_and_count_within_their_parent(drawn: Tables) -> None:
    lines = drawn["lines"]
    assert set(lines.column("person").to_pylist()) <= set(drawn["people"].column("id").to_pylist())
    by_person: dict[int, list[int]] = {}
    for row in lines.to_pylist():
        by_person.setdefault(row["person"], []).append(row["line"])
    assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in by_person.values())


def test_an_expression_sees_what_its_children_add_up_to(drawn: Tables) -> None:
    """`total` is settled when the lines are drawn, and `spent` is computed from what it then is."""
    sums = pa.TableGroupBy(drawn["lines"], "person").aggregate([("amount", "sum")])
    wanted = dict(zip(sums.column("person").to_pylist(), sums.column("amount_sum").to_pylist(), strict=True))
    for row in drawn["people"].to_pylist():
        assert row["total"] is None or row["total"] == pytest.approx(wanted[row["id"]])
        assert row["spent"] == pytest.approx(2 * (row["total"] or 0))


FIVE = pa.table({"drawn": [0] * 5})


def test_a_schema_that_is_drawn_as_a_whole_has_them_too(learned: Learned) -> None:
    people = schema_frame(learned.twin, learned.blueprint("people"), (FIVE, {}), {}, seed=3)
    assert people.column("id").to_pylist() == [1000, 1010, 1020, 1030, 1040]
    links = {"key0": np.asarray([0, 0, 1, 0, 1])}
    lines = schema_frame(learned.twin, learned.blueprint("lines"), (FIVE, links), {"people": people}, seed=3)
    assert lines.column("person").to_pylist() == [1000, 1000, 1010, 1000, 1010]
    assert lines.column("line").to_pylist() == [1, 2, 1, 3, 2]


def test_made_columns_are_not_scored(learned: Learned) -> None:
    twin = learned.twin
    assert shape_columns(twin, twin["people"]) == ("tier", "total", "older")
    assert shape_columns(twin, twin["lines"]) == ("amount",)
    assert "code" not in record_columns(twin, twin["people"])


def test_rows_are_the_same_however_they_are_split(learned: Learned, drawn: Tables) -> None:
    again = learned.draw(seed=3)
    assert all(again[name].equals(drawn[name]) for name in drawn)
    blueprint = learned.blueprint("people")
    frame = planned(blueprint, {}, seed=9).whole()
    drawing = Drawing("tree", learned.folder, 9, blueprint.types, blueprint.given, (), made_of(blueprint.table, blueprint.profile))
    whole = drawing.complete(frame, blueprint.model)
    parts = [drawing.complete(frame.slice(begin, 200), blueprint.model) for begin in range(0, PEOPLE, 200)]
    for name in RULES.keys() - {"age", "label", "spent"}:
        assert whole.column(name).equals(pa.concat_tables(parts).column(name)), name
    assert whole.column(ROW).to_pylist() == list(range(PEOPLE))
    assert not learned.draw(seed=4)["people"].column("employer").equals(drawn["people"].column("employer"))


@pytest.mark.parametrize(
    ("column", "rule", "said"),
    [
        ("code", generator("pattern", "VARCHAR", unique=True, text=r"\d"), "column code: more than 10 rows, and its generator has only"),
        ("code", generator("expression", "VARCHAR", text="nullif(tier, 'gold')"), "column code: its expression gives null in some row"),
        ("spent", generator("expression", "DOUBLE", text="cast(tier as double)"), "expression of spent: ConversionException in some row"),
        ("employer", generator("faker", "VARCHAR", unique=True, provider="safe_color_name", arguments={}, locale="en_US"), "does not give"),
    ],
)
def test_what_only_shows_in_the_rows_stops_with_the_column_s_name(learned: Learned, column: str, rule: Generator, said: str) -> None:
    changed = Learned(shop(generators={**RULES, column: rule}), learned.folder, learned.profiles)
    with pytest.raises(ConfigurationError, match=said.replace("(", r"\(")) as caught:
        changed.draw(seed=3)
    assert "gold" not in str(caught.value).replace("nullif", "")


def test_a_table_may_be_made_altogether(tmp_path: Path) -> None:
    rules = {
        "id": generator("range", "INTEGER", unique=True, **{"from": 1, "to": 100, "step": None, "distribution": "uniform"}),
        "word": generator("constant", "VARCHAR", values=["x"], weights=[1.0]),
        "twice": generator("expression", "INTEGER", text="1 + 1", nulls=0.5),
    }
    twin = twin_of(resolved("a", "id INTEGER", "word VARCHAR", "twice INTEGER", key=("id",), generators=rules))
    rows = pa.table({"id": pa.array(range(50), type=pa.int32()), "word": ["y"] * 50, "twice": pa.array([5] * 50, type=pa.int32())})
    made = learn(twin, {"a": rows}, tmp_path).draw(seed=1)["a"]
    assert len(set(made.column("id").to_pylist())) == 50
    assert set(made.column("id").to_pylist()) <= set(range(1, 101))
    assert set(made.column("word").to_pylist()) == {"x"}
    assert set(made.column("twice").to_pylist()) == {2, None}


def test_a_sequence_per_parent_counts_in_the_order_of_events(tmp_path: Path) -> None:
    draw = np.random.default_rng(2)
    events = resolved(
        "events", "person BIGINT!", "at TIMESTAMP!", "number INTEGER!", foreign=(link("person", "people"),), order_by="at",
        generators={"number": generator("sequence", "INTEGER", start=1, step=1, per=["person"])},
    )  # fmt: skip
    twin = twin_of(resolved("people", "id BIGINT", "age INTEGER!", key=("id",)), events, entity="people")
    times = np.datetime64("2024-01-01T00:00:00") + draw.integers(0, 10_000_000, 900)
    rows = {
        "people": pa.table({"id": np.arange(300), "age": pa.array(draw.integers(1, 9, 300), type=pa.int32())}),
        "events": pa.table(
            {"person": draw.integers(0, 300, 900), "at": times.astype("datetime64[us]"), "number": pa.nulls(900, pa.int32())}
        ),
    }
    drawn = learn(twin, rows, tmp_path).draw(seed=1)["events"].to_pylist()
    by_person: dict[int, list[dict[str, Any]]] = {}
    for row in drawn:
        by_person.setdefault(row["person"], []).append(row)
    assert max(map(len, by_person.values())) > 3
    for family in by_person.values():
        ordered = sorted(family, key=lambda row: row["number"])
        assert [row["number"] for row in ordered] == list(range(1, len(family) + 1))
        assert [row["at"] for row in ordered] == sorted(row["at"] for row in family)


def test_keys_of_a_table_to_itself_are_those_that_are_made(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    above = [None if row < 4 else f"r{draw.integers(0, row)}" for row in range(300)]
    rules = {
        "id": generator("pattern", "VARCHAR", unique=True, text=r"E\d{6}"),
        "way": generator("expression", "VARCHAR", text="id || '<' || coalesce(boss, '-')"),
        "place": generator("sequence", "INTEGER", start=1, step=1, per=["boss"]),
    }
    columns = ("id VARCHAR", "boss VARCHAR", "way VARCHAR!", "place INTEGER!")
    twin = twin_of(resolved("staff", *columns, key=("id",), foreign=(link("boss", "staff"),), generators=rules))
    nothing = {"way": ["x"] * 300, "place": pa.array([0] * 300, type=pa.int32())}
    rows = pa.table({"id": [f"r{row}" for row in range(300)], "boss": above, **nothing})
    drawn = learn(twin, {"staff": rows}, tmp_path).draw(seed=3)["staff"].to_pylist()
    by_boss: dict[str, list[int]] = {}
    for row in drawn:
        assert row["way"] == f"{row['id']}<{row['boss'] or '-'}"
        if row["boss"] is not None:
            by_boss.setdefault(row["boss"], []).append(row["place"])
    assert by_boss.keys() <= {row["id"] for row in drawn}
    assert all(sorted(places) == list(range(1, len(places) + 1)) for places in by_boss.values())


def test_an_expression_sees_a_key_that_is_filled_when_all_tables_are_drawn(tmp_path: Path) -> None:
    rules = {"label": generator("expression", "VARCHAR", text="coalesce('head ' || head, 'none')")}
    offices = resolved(
        "offices", "id BIGINT", "head BIGINT", "label VARCHAR!", key=("id",), foreign=(link("head", "staff"),), generators=rules
    )
    staff = resolved("staff", "id BIGINT", "office BIGINT!", key=("id",), foreign=(link("office", "offices"),))
    rows = {
        "offices": pa.table({"id": np.arange(40), "head": np.arange(40) * 5, "label": ["x"] * 40}),
        "staff": pa.table({"id": np.arange(200), "office": np.arange(200) // 5}),
    }
    drawn = learn(twin_of(offices, staff), rows, tmp_path).draw(seed=1)["offices"].to_pylist()
    assert any(row["head"] is not None for row in drawn)
    assert all(row["label"] == ("none" if row["head"] is None else f"head {row['head']}") for row in drawn)
