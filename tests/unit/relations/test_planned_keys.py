"""Frames with keys of several columns, keys that are matched, and keys to the table itself."""

from dataclasses import replace

import pyarrow as pa
import pytest

from tiny_blueprints import (
    COUNTRIES,
    CUSTOMERS,
    HOURS,
    ORDERS,
    PEOPLE,
    SHOPS,
    THREE_SHOPS,
    TO_CUSTOMER,
    TO_SHOP,
    TO_WEATHER,
    WEATHER,
    Written,
    blueprint,
    evidence,
    frame_of,
    plain,
)
from tiny_twins import link, resolved
from warehouse_twin.errors import SourceError

# ── keys of several columns ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_bridge_holds_every_pair_once_and_keeps_its_rows() -> None:
    both = resolved("both", "customer BIGINT", "shop BIGINT", key=("customer", "shop"), foreign=(TO_CUSTOMER, TO_SHOP))
    keys = [evidence(TO_CUSTOMER, (2.0, 2.0, 4)), evidence(TO_SHOP, (2.0, 2.0, 1), (3.0, 3.0, 2))]
    for seed in range(20):
        found = plain(frame_of(blueprint(CUSTOMERS, SHOPS, both, keys=keys), {"customers": PEOPLE, "shops": THREE_SHOPS}, seed=seed))
        pairs = list(zip(found["customer"], found["shop"], strict=True))
        assert len(pairs) == len(set(pairs)) == 8


def test_a_bridge_that_is_too_narrow_loses_what_cannot_be() -> None:
    both = resolved("both", "customer BIGINT", "shop BIGINT", key=("customer", "shop"), foreign=(TO_CUSTOMER, TO_SHOP))
    keys = [evidence(TO_CUSTOMER, (5.0, 5.0, 4)), evidence(TO_SHOP, (9.0, 9.0, 3))]
    found = plain(frame_of(blueprint(CUSTOMERS, SHOPS, both, keys=keys), {"customers": PEOPLE, "shops": THREE_SHOPS}, seed=1))
    assert sorted(zip(found["customer"], found["shop"], strict=True)) == [(a, b) for a in (11, 12, 13, 14) for b in (71, 72, 73)]


def test_a_bridge_to_a_key_that_was_drawn_keeps_its_rows_too() -> None:
    watches = resolved(
        "watches", "customer BIGINT", "place VARCHAR", "hour BIGINT", key=("customer", "place", "hour"), foreign=(TO_CUSTOMER, TO_WEATHER)
    )
    keys = [evidence(TO_CUSTOMER, (2.0, 2.0, 4)), evidence(TO_WEATHER)]
    plan = blueprint(CUSTOMERS, WEATHER, watches, keys=keys, source={"place": ["JFK"], "hour": [1]})
    found = plain(frame_of(plan, {"customers": PEOPLE, "weather": HOURS}, seed=1))
    assert len(set(zip(found["customer"], found["place"], found["hour"], strict=True))) == 8
    assert set(zip(found["place"], found["hour"], strict=True)) <= {("JFK", 0), ("JFK", 10), ("LGA", 5)}


def test_lines_of_an_order_are_numbered_apart() -> None:
    key = link("of", "orders")
    lines = resolved("lines", "of BIGINT", "line INTEGER", key=("of", "line"), foreign=(key,))
    plan = blueprint(CUSTOMERS, ORDERS, lines, keys=[evidence(key, (3.0, 3.0, 2))], source={"line": [1, 1, 1, 2, 3]})
    found = plain(frame_of(plan, {"orders": pa.table({"id": [5, 6]})}, seed=1))
    assert sorted(zip(found["of"], found["line"], strict=True)) == [(5, 1), (5, 2), (5, 3), (6, 1), (6, 2), (6, 3)]


def test_categories_of_a_key_are_kept_apart_and_a_reference_table_gives_more_of_them() -> None:
    facts = resolved("facts", "country VARCHAR", "sex VARCHAR", key=("country", "sex"), foreign=(link("country", "countries", "code"),))
    parents = {"countries": pa.table({"code": ["DE", "FR", "IT"]})}
    plan = blueprint(COUNTRIES, facts, source={"country": ["DE", "DE", "FR", "DE", "DE", "DE"], "sex": ["f", "m"]}, source_rows=6)
    found = plain(frame_of(plan, parents, seed=1))
    assert sorted(zip(found["country"], found["sex"], strict=True)) == [(a, b) for a in ("DE", "FR", "IT") for b in ("f", "m")]


def test_a_reference_tables_key_as_primary_key_is_never_drawn_twice() -> None:
    facts = resolved("facts", "country VARCHAR", "people BIGINT", key=("country",), foreign=(link("country", "countries", "code"),))
    plan = blueprint(COUNTRIES, facts, source={"country": ["DE", "FR"]}, source_rows=3)
    found = plain(frame_of(plan, {"countries": pa.table({"code": ["DE", "FR", "IT"]})}, seed=1))
    assert sorted(found["country"]) == ["DE", "FR", "IT"]


def test_codes_of_a_key_are_made_again() -> None:
    rooms = resolved("rooms", "shop BIGINT", "room VARCHAR", key=("shop", "room"), foreign=(TO_SHOP,))
    source = {"room": [f"R{number}" for number in range(10, 60)]}
    plan = blueprint(SHOPS, rooms, keys=[evidence(TO_SHOP, (20.0, 20.0, 3))], source=source)
    plan = replace(plan, model=Written({"room": ["R10", "R11"]}))
    code = replace(plan.profile.columns[1], kind="code", formats={"patterns": [{"pattern": "A99", "rows": 1, "slots": [{"R": 1}, {}, {}]}]})
    plan = replace(plan, profile=replace(plan.profile, columns=(plan.profile.columns[0], code)))
    found = plain(frame_of(plan, {"shops": THREE_SHOPS}, seed=1))
    assert len(set(zip(found["shop"], found["room"], strict=True))) == 60
    assert all(len(room) == 3 and room[0] == "R" for room in found["room"])


def test_what_cannot_be_kept_apart_is_dropped() -> None:
    flags = resolved("flags", "shop BIGINT", "on BOOLEAN", key=("shop", "on"), foreign=(TO_SHOP,))
    plan = blueprint(SHOPS, flags, keys=[evidence(TO_SHOP, (5.0, 5.0, 3))], source={"on": [True, False]})
    assert frame_of(plan, {"shops": THREE_SHOPS}, seed=1).num_rows == 6


# ── keys that are matched ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_drawn_key_moves_to_one_that_exists_and_stays_null_where_it_is() -> None:
    flights = resolved("flights", "place VARCHAR!", "hour BIGINT", foreign=(TO_WEATHER,))
    source = {"place": ["JFK", "JFK", "LGA", "LGA"], "hour": [4, 10, 99, None]}
    found = plain(frame_of(blueprint(WEATHER, flights, keys=[evidence(TO_WEATHER)], source=source), {"weather": HOURS}, seed=1))
    assert found == {"place": ["JFK", "JFK", "LGA", "LGA"], "hour": [0, 10, 5, None]}


def test_a_matched_key_without_parents_is_null_or_refused() -> None:
    source = {"place": ["JFK"], "hour": [4]}
    empty = {"weather": HOURS.slice(0, 0)}
    flights = resolved("flights", "place VARCHAR!", "hour BIGINT", foreign=(TO_WEATHER,))
    assert plain(frame_of(blueprint(WEATHER, flights, keys=[evidence(TO_WEATHER)], source=source), empty, seed=1)) == {
        "place": ["JFK"],
        "hour": [None],
    }
    flights = resolved("flights", "place VARCHAR!", "hour BIGINT!", foreign=(TO_WEATHER,))
    with pytest.raises(SourceError, match=r"flights: 1 rows must refer to weather by \(place, hour\)"):
        frame_of(blueprint(WEATHER, flights, keys=[evidence(TO_WEATHER)], source=source), empty, seed=1)


def test_what_a_link_has_settled_is_not_moved() -> None:
    """A task is of a member of a firm and in a shift of the same firm: the firm is taken with the member."""
    firms = resolved("firms", "id BIGINT", key=("id",))
    member_keys = (link("firm", "firms"), link("customer", "customers"))
    members = resolved("members", "firm BIGINT", "customer BIGINT", key=("firm", "customer"), foreign=member_keys)
    shifts = resolved("shifts", "firm BIGINT", "hour BIGINT", key=("firm", "hour"), foreign=(link("firm", "firms"),))
    to_member, to_shift = link("firm customer", "members", "firm customer"), link("firm hour", "shifts", "firm hour")
    parents = {
        "members": pa.table({"firm": [1, 2, 3], "customer": [11, 11, 12]}),
        "shifts": pa.table({"firm": [1, 1, 2, 4], "hour": [0, 10, 5, 9]}),
    }
    keys = [evidence(to_member, (2.0, 2.0, 3)), evidence(to_shift)]

    def drawn(hour: str) -> list[tuple[int, int]]:
        tasks = resolved("tasks", "firm BIGINT!", "customer BIGINT!", hour, foreign=(to_member, to_shift))
        found = plain(frame_of(blueprint(firms, CUSTOMERS, members, shifts, tasks, keys=keys, source={"hour": [9]}), parents, seed=1))
        return sorted(zip(found["firm"], found["hour"], strict=True))

    assert drawn("hour BIGINT") == [(1, 10)] * 2 + [(2, 5)] * 2 + [(3, None)] * 2
    assert drawn("hour BIGINT!") == [(1, 10)] * 2 + [(2, 5)] * 2


def test_a_key_inside_a_wider_link_comes_with_it() -> None:
    both = resolved("both", "customer BIGINT", "shop BIGINT", key=("customer", "shop"), foreign=(TO_CUSTOMER, TO_SHOP))
    key = link("customer shop", "both", "customer shop")
    notes = resolved("notes", "customer BIGINT!", "shop BIGINT!", foreign=(TO_CUSTOMER, key))
    parents = {"customers": PEOPLE, "both": pa.table({"customer": [11, 11, 13], "shop": [71, 72, 71]})}
    keys = [evidence(TO_CUSTOMER, (2.0, 2.0, 4)), evidence(key, (2.0, 2.0, 3))]
    found = plain(frame_of(blueprint(CUSTOMERS, SHOPS, both, notes, keys=keys), parents, seed=1))
    assert sorted(zip(found["customer"], found["shop"], strict=True)) == [(11, 71), (11, 71), (11, 72), (11, 72), (13, 71), (13, 71)]


def test_rows_that_need_a_reference_table_without_rows_are_refused() -> None:
    sales = resolved("sales", "country VARCHAR!", foreign=(link("country", "countries", "code"),))
    empty = {"countries": pa.table({"code": pa.array([], pa.string())})}
    with pytest.raises(SourceError, match=r"sales: 4 rows must refer to countries by \(country\)"):
        frame_of(blueprint(COUNTRIES, sales, source_rows=4), empty, seed=1)
    assert frame_of(blueprint(COUNTRIES, sales, source_rows=0), empty, seed=1).num_rows == 0


# ── keys to the table itself ─────────────────────────────────────────────────────────────────────────────────────────

BOSS = link("boss", "staff")


def test_nobody_is_his_own_ancestor() -> None:
    staff = resolved("staff", "id BIGINT", "boss BIGINT", key=("id",), foreign=(BOSS,))
    found = plain(frame_of(blueprint(staff, keys=[evidence(BOSS, nulls=0.2)], source_rows=500), {}, seed=1))
    assert all(boss is None or boss < own for own, boss in zip(found["id"], found["boss"], strict=True))
    assert 60 < found["boss"].count(None) < 140


def test_where_everybody_needs_a_boss_the_first_is_his_own() -> None:
    staff = resolved("staff", "id BIGINT", "boss BIGINT!", key=("id",), foreign=(BOSS,))
    found = plain(frame_of(blueprint(staff, keys=[evidence(BOSS)], source_rows=50), {}, seed=1))
    assert found["boss"][0] == found["id"][0]
    assert all(boss < own for own, boss in list(zip(found["id"], found["boss"], strict=True))[1:])


def test_a_boss_is_of_the_same_firm() -> None:
    key, to_shop = link("shop boss", "staff", "shop no"), TO_SHOP
    staff = resolved("staff", "shop BIGINT", "no BIGINT", "boss BIGINT", key=("shop", "no"), foreign=(to_shop, key))
    keys = [evidence(to_shop, (30.0, 30.0, 3)), evidence(key, nulls=0.1)]
    found = plain(frame_of(blueprint(SHOPS, staff, keys=keys, source={"no": list(range(30))}), {"shops": THREE_SHOPS}, seed=1))
    known = set(zip(found["shop"], found["no"], strict=True))
    bosses = [(shop, boss) for shop, boss in zip(found["shop"], found["boss"], strict=True) if boss is not None]
    assert len(known) == 90
    assert 70 < len(bosses) < 88
    assert set(bosses) <= known


def test_a_frame_comes_from_its_seed() -> None:
    plan = blueprint(CUSTOMERS, ORDERS, keys=[evidence(TO_CUSTOMER, (0.0, 0.0, 1), (1.0, 9.0, 3))])
    first, again, other = (frame_of(plan, {"customers": PEOPLE}, seed=seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)
