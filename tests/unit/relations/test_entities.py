"""Whose a row is, and whether it is held out: the same answer in every release, none without the secret."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tiny_twins import link, resolved, twin_of
from warehouse_twin.manifest.resolved import ResolvedPrivacy, ResolvedTwin
from warehouse_twin.relations.entities import MAX_HOLDOUT_ENTITIES, Membership, memberships

SECRET, OTHER = b"a" * 32, b"b" * 32
PLANES = resolved("planes", "tail VARCHAR", "seats INTEGER", key=("tail",))
FLIGHTS = resolved("flights", "tail VARCHAR", "no INTEGER", foreign=(link("tail", "planes", "tail"),))
AIRLINES = resolved("airlines", "code VARCHAR", key=("code",), keep_real=True)


def fleet(planes: int = 2_000, flights: int = 6_000) -> tuple[ResolvedTwin, dict[str, pa.Table]]:
    draw = np.random.default_rng(1)
    tails = [f"N{number}" for number in range(planes)]
    rows = {
        "airlines": pa.table({"code": ["AA", "UA"]}),
        "planes": pa.table({"tail": tails, "seats": draw.integers(2, 400, planes)}),
        "flights": pa.table({"tail": [tails[at] for at in draw.integers(0, planes, flights)], "no": np.arange(flights)}),
    }
    return twin_of(AIRLINES, PLANES, FLIGHTS, entity="planes"), rows


def split(twin: ResolvedTwin, rows: Mapping[str, pa.Table], *, secret: bytes = SECRET) -> dict[str, Membership]:
    return memberships(twin, rows, secret=secret)


def held_tails(rows: Mapping[str, pa.Table], found: Mapping[str, Membership], table: str) -> set[str]:
    return set(rows[table].column("tail").filter(pa.array(found[table].holdout)).to_pylist())


def test_about_the_wanted_share_is_held_out() -> None:
    twin, rows = fleet()
    assert abs(split(twin, rows)["planes"].holdout.mean() - 0.2) < 0.03


def test_a_flight_of_a_plane_that_is_held_out_is_held_out_and_no_other() -> None:
    twin, rows = fleet()
    found = split(twin, rows)
    gone = pc.is_in(rows["flights"].column("tail"), value_set=pa.array(sorted(held_tails(rows, found, "planes"))))
    assert (found["flights"].holdout == gone.to_numpy()).all()


def test_a_flight_has_the_entity_of_its_plane() -> None:
    twin, rows = fleet(50, 100)
    found = split(twin, rows)
    by_tail = dict(zip(rows["planes"].column("tail").to_pylist(), found["planes"].entity, strict=True))
    assert [by_tail[tail] for tail in rows["flights"].column("tail").to_pylist()] == found["flights"].entity.tolist()
    assert len(set(by_tail.values())) == 50


def test_the_split_does_not_depend_on_the_order_of_rows_or_on_other_rows() -> None:
    twin, rows = fleet()
    before = held_tails(rows, split(twin, rows), "planes")
    shuffled = {name: table.take(pa.array(np.random.default_rng(2).permutation(table.num_rows))) for name, table in rows.items()}
    assert held_tails(shuffled, split(twin, shuffled), "planes") == before
    newer = {**rows, "planes": pa.concat_tables([rows["planes"].slice(100), pa.table({"tail": ["NEW"], "seats": [7]})])}
    kept = set(newer["planes"].column("tail").to_pylist())
    assert held_tails(newer, split(twin, newer), "planes") - {"NEW"} == before & kept


def test_another_secret_gives_another_split() -> None:
    twin, rows = fleet()
    one, other = (split(twin, rows, secret=secret)["planes"] for secret in (SECRET, OTHER))
    assert 0.2 < (one.holdout != other.holdout).mean() < 0.45  # 2 × 0.2 × 0.8 where the two are independent
    assert not set(one.entity) & set(other.entity)


def test_a_flight_of_a_plane_that_is_not_there_belongs_to_that_plane() -> None:
    """It would be held out if the plane were there, and stays where it is when the plane is added."""
    twin, rows = fleet(400, 2_000)
    whole = split(twin, rows)
    without = {**rows, "planes": rows["planes"].slice(200)}
    found = split(twin, without)
    assert (found["flights"].entity == whole["flights"].entity).all()
    assert (found["flights"].holdout == whole["flights"].holdout).all()


def test_a_row_that_leads_to_no_entity_is_its_own() -> None:
    twin, rows = fleet(10, 10)
    rows["flights"] = pa.table({"tail": pa.array([None] * 3_000, pa.string()), "no": np.arange(3_000)})
    found = split(twin, rows)["flights"]
    assert len(set(found.entity)) == 3_000
    assert abs(found.holdout.mean() - 0.2) < 0.03


def test_reference_tables_are_never_held_out() -> None:
    twin, rows = fleet()
    assert not split(twin, rows)["airlines"].holdout.any()


def test_without_an_entity_every_row_is_its_own() -> None:
    _, rows = fleet()
    found = split(twin_of(AIRLINES, PLANES, FLIGHTS), rows)
    assert len(set(found["flights"].entity)) == 6_000
    assert abs(found["flights"].holdout.mean() - 0.2) < 0.02


def test_a_row_with_two_entities_is_held_out_with_either() -> None:
    people = resolved("people", "id BIGINT", key=("id",))
    calls = resolved("calls", "caller BIGINT", "called BIGINT", foreign=(link("caller", "people"), link("called", "people")))
    draw = np.random.default_rng(3)
    caller, called = draw.integers(0, 500, 3_000), draw.integers(0, 500, 3_000)
    found = split(
        twin_of(people, calls, entity="people"),
        {"people": pa.table({"id": range(500)}), "calls": pa.table({"caller": caller, "called": called})},
    )
    held = found["people"].holdout
    assert (found["calls"].holdout == (held[caller] | held[called])).all()
    assert (found["calls"].entity == found["people"].entity[caller]).all()


def test_entities_are_inherited_over_several_tables() -> None:
    orders = resolved("orders", "id BIGINT", "tail VARCHAR", key=("id",), foreign=(link("tail", "planes", "tail"),))
    items = resolved("items", "of BIGINT", foreign=(link("of", "orders"),))
    tails = [f"N{number}" for number in range(300)]
    rows = {
        "planes": pa.table({"tail": tails, "seats": [1] * 300}),
        "orders": pa.table({"id": range(300), "tail": tails[::-1]}),
        "items": pa.table({"of": [7, 299, 12, 7]}),
    }
    found = split(twin_of(PLANES, orders, items, entity="planes"), rows)
    planes = found["planes"]
    assert found["items"].entity.tolist() == planes.entity[[292, 0, 287, 292]].tolist()
    assert found["items"].holdout.tolist() == planes.holdout[[292, 0, 287, 292]].tolist()


@pytest.mark.parametrize("rows", [0, 1])
def test_an_empty_entity_table_leaves_its_children_their_own(rows: int) -> None:
    twin = twin_of(PLANES, FLIGHTS, entity="planes")
    tables = {
        "planes": pa.table({"tail": pa.array([], pa.string()), "seats": pa.array([], pa.int32())}),
        "flights": pa.table({"tail": pa.array([None] * rows, pa.string()), "no": pa.array([1] * rows)}),
    }
    assert len(split(twin, tables)["flights"].entity) == rows


def test_rows_of_a_huge_entity_table_are_held_out_up_to_a_number() -> None:
    count = 10 * MAX_HOLDOUT_ENTITIES
    twin = twin_of(resolved("people", "id BIGINT", key=("id",)), entity="people", holdout=0.5)
    held = split(twin, {"people": pa.table({"id": np.arange(count)})})["people"].holdout.sum()
    assert abs(held - MAX_HOLDOUT_ENTITIES) < 2_000
    promised = replace(twin, privacy=ResolvedPrivacy(1.0, 1e-6, {}, (1.0, 1e-6)))  # then one more may move nobody
    assert abs(split(promised, {"people": pa.table({"id": np.arange(count)})})["people"].holdout.sum() - count / 2) < 5_000


def test_any_type_of_column_can_be_hashed() -> None:
    columns = {
        "day": pa.array([dt.date(2024, 1, 1), dt.date(2024, 1, 2)]),
        "at": pa.array([dt.datetime(2024, 1, 1), None]),
        "endless": pa.array([2**63 - 1, 0]).cast(pa.timestamp("us")),
        "never": pa.array([2**31 - 1, 0], pa.int32()).cast(pa.date32()),
        "list": pa.array([[1, 2], [3]]),
        "struct": pa.array([{"a": 1}, {"a": 2}]),
        "blob": pa.array([b"x", b"y"]),
        "flag": pa.array([True, None]),
        "amount": pa.array([1.5, float("nan")]),
    }
    for name, values in columns.items():
        item = resolved("t", f"{name} T")
        found = split(twin_of(item), {"t": pa.table({name: values})})["t"]
        assert len(set(found.entity.tolist())) == 2, name


def test_a_circle_of_keys_passes_entities_on_both_ways() -> None:
    """A shop is of the customer who owns it, a note of its shop's; that the owner's key is filled last does not matter."""
    shops = resolved("shops", "id BIGINT", "owner BIGINT", key=("id",), foreign=(link("owner", "customers"),))
    notes = resolved("notes", "id BIGINT", "shop BIGINT", key=("id",), foreign=(link("shop", "shops"),))
    customers = resolved("customers", "id BIGINT", "favourite BIGINT", key=("id",), foreign=(link("favourite", "shops"),))
    rows = {
        "shops": pa.table({"id": [1, 2, 3], "owner": [11, 12, None]}),
        "notes": pa.table({"id": [1, 2, 3, 4], "shop": [1, 1, 2, 3]}),
        "customers": pa.table({"id": [11, 12], "favourite": [2, 2]}),
    }
    found = split(twin_of(shops, notes, customers, entity="customers"), rows)
    eleven, twelve = found["customers"].entity.tolist()
    assert found["shops"].entity.tolist()[:2] == [eleven, twelve]
    assert found["notes"].entity.tolist()[:3] == [eleven, eleven, twelve]
    assert len({*found["notes"].entity.tolist(), eleven, twelve}) == 3


def test_rows_that_are_alike_are_entities_of_their_own_where_no_key_tells_them_apart() -> None:
    notes = resolved("notes", "kind VARCHAR")
    rows = {"notes": pa.table({"kind": ["a", "b", None] * 700})}
    found = split(twin_of(notes), rows)["notes"]
    assert len(set(found.entity.tolist())) == 2_100
    assert abs(found.holdout.mean() - 0.2) < 0.04
    again = split(twin_of(notes), {"notes": rows["notes"].slice(0, 30)})["notes"]
    assert set(again.entity.tolist()) <= set(found.entity.tolist())
