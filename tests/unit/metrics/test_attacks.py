"""Who was learned from can be told where the twin holds their rows, and by chance alone where it holds others like them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.attacks import Told, attack, membership_area, membership_found
from warehouse_twin.metrics.copies import Records
from warehouse_twin.metrics.score import Score

COLUMNS = ("a", "b", "c", "kind")


def people(count: int, seed: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    numbers = {name: draw.normal(size=count) for name in "abc"}
    return pa.table({**numbers, "kind": draw.choice(["x", "y", "z"], count)})


def jittered(rows: pa.Table, seed: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    moved = {name: rows.column(name).to_numpy() + draw.normal(scale=0.01, size=len(rows)) for name in "abc"}
    return pa.table({**moved, "kind": rows.column("kind")})


MEMBERS, OTHERS = people(1_000, 1), people(500, 2)


def told(
    twin: pa.Table, *, members: pa.Table = MEMBERS, others: pa.Table = OTHERS, each: int = 1, columns: tuple[str, ...] = COLUMNS
) -> Told | None:
    """What the attack says, of entities with `each` rows."""
    records = Records("t", columns, members, twin, None, others, np.arange(len(members)) // each)
    found = attack(records, holdout_entities=10**6 + np.arange(len(others)) // each, seed=5)
    return None if found is None else found[0]


def area(twin: pa.Table, **how: object) -> Score:
    return membership_area("membership", "t", told(twin, **how), None)  # type: ignore[arg-type]


def plain(members: list[float], others: list[float]) -> Told:
    sides = np.asarray(members, dtype=float), np.asarray(others, dtype=float)
    return Told(*sides, (sides[0] > 0, sides[1] > 0), (sides[0].astype(int) * 0, sides[1].astype(int) * 0))


def test_a_twin_of_other_people_tells_nothing() -> None:
    score = area(people(1_500, 3))
    assert score.low < 0.5 < score.high
    assert score.high - score.low < 0.2
    assert score.n == 500


def test_rows_with_a_little_added_tell_nearly_everything_and_the_same_every_time() -> None:
    score = area(jittered(MEMBERS, 3))
    assert score.low > 0.9
    assert score == area(jittered(MEMBERS, 3))


def test_held_out_people_in_the_twin_are_not_taken_for_members() -> None:
    assert area(jittered(OTHERS, 3)).value < 0.1


def test_rows_of_one_entity_are_one_answer() -> None:
    copied = jittered(MEMBERS, 3)
    score = area(copied, each=5)
    assert score.n == 100
    assert score.value > area(copied).value  # five rows say more than one


def test_a_few_rare_people_show_among_the_exposed_and_at_few_false_alarms() -> None:
    far = people(50, 7)
    far = far.set_column(0, "a", pa.array(np.linspace(20, 90, 50)))
    members = pa.concat_tables([MEMBERS, far.slice(0, 25)])
    others = pa.concat_tables([OTHERS, far.slice(25)])
    found = told(pa.concat_tables([people(1_500, 3), far.slice(0, 25)]), members=members, others=others)
    assert found is not None
    over_all, exposed = (membership_area("m", "t", side, None) for side in (found, found.of_exposed()))
    assert over_all.value < 0.55
    assert exposed.value > over_all.value + 0.05
    assert (sum(len(side) for side in (found.of_exposed().members, found.of_exposed().others))) == 155


def test_a_category_that_was_not_learned_gives_nobody_away() -> None:
    """A category of the source that the twin does not have, as fewer than k of those learned from do, is found more often among others."""
    kinds = [np.where(np.arange(size) % 10 < share, "rare", "x") for size, share in ((1_000, 0), (500, 4))]
    members, others = (rows.set_column(3, "kind", pa.array(kind)) for rows, kind in zip((MEMBERS, OTHERS), kinds, strict=True))
    twin = people(1_500, 3).set_column(3, "kind", pa.array(["x"] * 1_500))
    score = area(twin, members=members, others=others)
    assert score.low < 0.5 < score.high


def test_people_with_rows_in_both_parts_count_as_learned_from_and_by_one_row() -> None:
    records = Records("t", COLUMNS, MEMBERS, people(1_500, 3), None, OTHERS, np.arange(1_000) // 4)
    found = attack(records, holdout_entities=np.arange(500) // 4 + 200, seed=5)  # 200 … 249 are in both
    assert found is not None
    assert (len(found[0].members), len(found[0].others)) == (250, 75)


def test_a_large_twin_is_seen_through_a_window_in_which_its_copies_are() -> None:
    members, others = people(60_000, 11), people(15_000, 12)
    honest, leaking = (area(twin, members=members, others=others) for twin in (people(60_000, 13), jittered(members, 13)))
    assert honest.low < 0.5 < honest.high
    assert leaking.low > 0.65  # one copy in three is among the rows looked at if those are picked by chance
    assert min(honest.n, leaking.n) == 3_000


@pytest.mark.parametrize("how", [{"columns": ("a",)}, {"others": OTHERS.slice(0, 0)}, {"members": MEMBERS.slice(0, 0)}])
def test_nothing_is_said_of_one_column_or_without_people(how: dict) -> None:
    assert told(people(100, 3), **how) is None
    score = area(people(100, 3), **how)
    assert (score.n, score.low, score.high) == (0, 0.0, 1.0)
    assert membership_found("f", "t", None, None).n == 0


@pytest.mark.parametrize("rows", [1, 2])
def test_so_few_people_are_told_of_as_few(rows: int) -> None:
    score = area(people(3, 3), members=MEMBERS.slice(0, rows), others=OTHERS.slice(0, 1))
    assert score.n == 1
    assert (score.low, score.high) == (0.0, 1.0)


def test_rows_without_any_value_tell_nothing() -> None:
    empty = pa.table({"a": pa.nulls(40, pa.float64()), "kind": pa.nulls(40, pa.string())})
    score = area(empty, members=empty, others=empty, columns=("a", "kind"))
    assert (score.low, score.value, score.high) == (0.5, 0.5, 0.5)


def test_the_area_and_its_error_are_those_of_placements() -> None:
    score = membership_area("m", "t", plain([3, 1], [0, 2]), plain([1], [1, 1]))
    assert (score.value, score.floor, score.n) == (0.75, 0.5, 2)
    # placements are 1, ½ and 1, ½: a variance of ⅛, over two, twice
    assert (score.low, score.high) == (0.0, 1.0)
    many = membership_area("m", "t", plain([3, 1] * 200, [0, 2] * 200), None)
    assert many.high - many.value == pytest.approx(3.4316 * np.sqrt(2 * 0.0625 * 400 / 399 / 400), rel=1e-4)


def test_who_is_found_is_above_all_but_one_in_a_hundred_others() -> None:
    others = [float(number) for number in range(200)]
    score = membership_found("f", "t", plain([500.0] * 30 + [196.5] * 20 + [0.0] * 50, others), plain([0.0], others))
    assert score.value == pytest.approx(0.3)  # above 197, which two others are
    assert score.floor == 0.0
    assert score.low > 0.1
    assert (score.n, score.better) == (100, "lower")


def test_where_all_are_alike_what_is_found_is_guessed() -> None:
    score = membership_found("f", "t", plain([1.0] * 100, [1.0] * 100), None)
    assert score.value == 0.01
