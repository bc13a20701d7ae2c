"""Several releases together: what each draws anew says nothing more, what each copies says more and more; and who is new in between."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.across import attack_added, attack_together
from warehouse_twin.metrics.attacks import Told, membership_area
from warehouse_twin.metrics.copies import Records
from warehouse_twin.metrics.rare_words import rare_words
from warehouse_twin.metrics.risks import Attacked
from warehouse_twin.metrics.score import Score

COLUMNS = ("a", "b", "c")
STRANGERS = 10**6


def people(count: int, seed: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    return pa.table({name: draw.normal(size=count) for name in COLUMNS})


MEMBERS, OTHERS = people(1_000, 1), people(500, 2)
ENTITIES, STRANGE = np.arange(1_000), STRANGERS + np.arange(500)


def leaking(share: float, seed: int) -> pa.Table:
    """A twin of other people, but for some who were learned from."""
    chosen = np.random.default_rng(seed).permutation(1_000)[: int(1_000 * share)]
    return pa.concat_tables([people(1_000 - len(chosen), seed), MEMBERS.take(chosen)])


def records(twin: pa.Table) -> Records:
    return Records("t", COLUMNS, MEMBERS, twin, people(1_000, 77), OTHERS, ENTITIES)


def area(twins: list[pa.Table]) -> Score:
    found = attack_together(records(twins[0]), twins[1:], holdout_entities=STRANGE, seed=5)
    return membership_area("membership_releases", "t", *(found or (None, None)))


def test_releases_that_are_drawn_anew_tell_no_more_together() -> None:
    score = area([people(1_000, seed) for seed in (11, 12, 13)])
    assert score.low < 0.5 < score.high
    assert score.floor == pytest.approx(0.5, abs=0.06)


def test_releases_that_leak_a_little_each_tell_more_together() -> None:
    """A tenth of those learned from is in each: over three releases a quarter is."""
    leaks = [leaking(0.1, seed) for seed in (11, 12, 13)]
    alone, together = area(leaks[:1]), area(leaks)
    assert alone.value < 0.58
    assert together.value > alone.value + 0.04
    assert together.low > 0.55


def added(now: pa.Table, before: pa.Table, *, present: np.ndarray) -> Told | None:
    return attack_added(records(now), before, present, holdout_entities=STRANGE, seed=5)


KNOWN = np.concatenate([ENTITIES[:600], STRANGE[:300]])


def test_who_came_since_is_told_by_releases_that_copy() -> None:
    before, now = MEMBERS.slice(0, 600), MEMBERS
    found = membership_area("membership_added", "t", added(now, before, present=KNOWN), None)
    assert found.n == 200  # those held out who came; four hundred who came were learned from
    assert found.low > 0.9
    honest = membership_area("membership_added", "t", added(people(1_000, 11), people(600, 12), present=KNOWN), None)
    assert honest.low < 0.5 < honest.high


def test_who_was_there_before_is_not_asked() -> None:
    """The same rows in both releases tell nothing of the new ones, and nobody is asked where nobody came."""
    found = membership_area("membership_added", "t", added(MEMBERS.slice(0, 600), MEMBERS.slice(0, 600), present=KNOWN), None)
    assert found.value == 0.5
    assert added(MEMBERS, MEMBERS, present=np.concatenate([ENTITIES, STRANGE])) is None


def said(*words: str) -> pa.Table:
    return pa.table({"note": list(words)})


def test_of_rare_words_those_count_that_all_releases_have() -> None:
    """Four were learned from, with a word of their own each: two are in this release, one of them in the one before as well."""
    learned, held = said("alpha", "bravo", "charlie", "delta"), said("echoes", "foxtrot")
    now, before = said("alpha", "bravo", "zulu"), said("alpha", "yankee", "zulu")
    attacked = Attacked("t", ("note",), now, learned, held, np.arange(4), 10 + np.arange(2))
    alone = rare_words(attacked, k=3, seed=1)
    together = rare_words(attacked, [before], k=3, seed=1, measure="rare_words_releases")
    assert (alone.measure, alone.value, alone.ceiling) == ("rare_words", 0.5, 0.0)
    assert (together.measure, together.value, together.ceiling) == ("rare_words_releases", 0.25, 0.0)
    assert rare_words(attacked, [before, said("yankee")], k=3, seed=1).value == 0.0
