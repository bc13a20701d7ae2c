"""Columns that decide others (functional dependencies), and pairs of categories that never occur though chance would have them.

A map holds only what at least k entities share: a dependency is kept where that is nearly every row. What decides a column is
looked for among single columns first, then among pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.holders import holders_of
from warehouse_twin.profiling.rules.evaluating import as_text
from warehouse_twin.profiling.rules.evidence import SURPRISE, Evidence
from warehouse_twin.profiling.rules.rule import Rule

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
MAX_COLUMNS, MAX_SOURCES, MAX_PAIRED = 80, 5_000, 20
PROBE = 600
COVER = 0.98
"""The share of rows that a map must speak of."""
LEAST_REPEATS = 5
"""How often a combination occurs on average before it can be said to decide anything."""
MAX_VALUES, MAX_COMBINATIONS, LEAST_DEPENDENCE = 120, 30, 0.005


def dependencies(evidence: Evidence, taken: Mapping[str, Sequence[str]]) -> Iterator[Rule]:
    """Candidates that hold on the sample, without their maps: for each target the sources of fewest values first."""
    targets = [name for name in evidence.names if _decided(evidence, name) and name not in taken and name not in evidence.fixed]
    sources = sorted((name for name in evidence.names if _deciding(evidence, name)), key=lambda name: evidence.profiles[name].distinct)
    codes = {name: codes_of_values(evidence.sample[name])[0] for name in dict.fromkeys([*targets[:MAX_COLUMNS], *sources[:MAX_COLUMNS]])}
    groups = [(name,) for name in sources[:MAX_COLUMNS]]
    few = [name for name in sources if evidence.profiles[name].distinct <= 500][:MAX_PAIRED]
    decided: set[str] = set()
    for group in (*groups, *combinations(few, 2)):
        together = _together([codes[name] for name in group])
        if not _repeats(together):
            continue
        for target in targets[:MAX_COLUMNS]:
            alone = len(group) == 1
            if target in group or (not alone and (target in decided or _smaller(evidence, target, group))):
                continue
            if _decides(together[:PROBE], codes[target][:PROBE]) and _decides(together, codes[target]):
                decided.add(target)
                yield Rule("dependency", target, group, {"map": []})


def _decided(evidence: Evidence, name: str) -> bool:
    kind = evidence.sample[name].type
    return bool(pt.is_string(kind) or pt.is_boolean(kind) or pt.is_integer(kind) or pt.is_decimal(kind) or pt.is_floating(kind))


def _deciding(evidence: Evidence, name: str) -> bool:
    """Whether the column has values that are drawn as they are: categories, and numbers that are all common."""
    profile = evidence.profiles[name]
    if profile.distinct > MAX_SOURCES or pt.is_floating(evidence.sample[name].type) or not _decided(evidence, name):
        return False
    return profile.kind == "categorical" or (len(profile.parts) == 1 and all(low == high for low, high, _ in profile.parts[0].cells))


def _smaller(evidence: Evidence, target: str, group: Sequence[str]) -> bool:
    """Whether a target has so few values that two columns decide it by chance as likely as not."""
    return evidence.profiles[target].distinct < 8 or any(target == name for name in group)


def codes_of_values(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """A code a row, -1 for null, and the values."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary


def _together(codes: Sequence[Ints]) -> Ints:
    """One code for several columns, -1 where any is null."""
    whole = codes[0].copy()
    for other in codes[1:]:
        whole = np.where((whole < 0) | (other < 0), -1, whole * (int(other.max(initial=0)) + 1) + other)
    return whole


def _repeats(codes: Ints) -> bool:
    present = codes[codes >= 0]
    distinct = len(np.unique(present))
    return distinct > 1 and len(present) >= LEAST_REPEATS * distinct


def _decides(source: Ints, target: Ints) -> bool:
    both = (source >= 0) & (target >= 0)
    pairs = source[both] * (int(target.max(initial=0)) + 1) + target[both]
    return len(np.unique(pairs)) == len(np.unique(source[both]))


def mapped(evidence: Evidence, rule: Rule) -> Rule | None:
    """The dependency with its k-safe map over all rows; None where a row breaks it, or too little of it may be told."""
    whole = evidence.read(list(rule.columns))
    sides = [codes_of_values(whole[name]) for name in rule.columns]
    source, target = _together([codes for codes, _ in sides[:-1]]), sides[-1][0]
    if not _decides(source, target):
        return None
    both = np.flatnonzero((source >= 0) & (target >= 0))
    _, first, place = np.unique(source[both], return_index=True, return_inverse=True)
    kept = holders_of(place, evidence.entities[both], size=len(first)) >= evidence.k
    reached = np.isin(target[both], target[both[first[kept]]])
    if len(both) == 0 or kept[place].mean() < COVER or reached.mean() < 1 - (1 - COVER) / 4:
        return None
    rows = both[first[kept]]
    texts = [as_text(pa.chunked_array([values])).take(pa.array(codes[rows])).to_pylist() for codes, values in sides]
    return Rule("dependency", rule.target, rule.sources, {"map": sorted(list(row) for row in zip(*texts, strict=True))})


# ── combinations ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Found:
    weight: float
    rule: Rule
    open: Bools
    """of the source's values beside the target's, whether they may occur together"""


def combination_rules(evidence: Evidence, taken: Mapping[str, Sequence[str]], ignored: Sequence[str] = ()) -> Iterator[Rule]:
    """For pairs of categories the combinations that fewer than k entities have, though by chance twenty or more would.

    The weightiest first, and only such as leave every column a value whatever the others are (`_agreeing`). Those named in `ignored`
    are listed before: nothing keeps them, so no other may rely on them.
    """
    names = [name for name in evidence.names if evidence.profiles[name].kind == "categorical" and name not in taken]
    names = [name for name in names if 1 < len(evidence.profiles[name].parts[0].values) <= MAX_VALUES]
    codes: dict[str, Ints] = {}
    found: list[_Found] = []
    for a, b in combinations(names, 2):
        information = evidence.pairs.get((a, b), evidence.pairs.get((b, a), 1.0))
        if evidence.free(a, b) and information >= LEAST_DEPENDENCE:
            for name in (a, b):
                if name not in codes:
                    codes[name] = _kept_codes(evidence, name)
            if (one := _never(evidence, a, b, codes[a], codes[b])) is not None:
                found.append(one)
    weightiest = sorted(found, key=lambda one: -one.weight)[:MAX_COMBINATIONS]
    yield from (one.rule for one in weightiest if one.rule.text in ignored)
    kept = [one for one in weightiest if one.rule.text not in ignored]
    yield from _agreeing(kept, [name for name in names if name not in evidence.fixed])


def _agreeing(found: Sequence[_Found], drawn: Sequence[str]) -> Iterator[Rule]:
    """Of these rules, the first ones first, those that agree: whichever of the `drawn` columns is drawn last, there is a value for it."""
    waiting, kept = list(found), dict[tuple[str, str], Bools]()
    while waiting:
        for one in waiting:
            source, target = *one.rule.sources, one.rule.target
            more = kept | {(source, target): one.open, (target, source): one.open.T}
            if all(_left(name, more) for name in (source, target) if name in drawn):
                break
        else:
            return
        kept = more
        waiting.remove(one)  # a rule between two columns lets more rules between them and a third agree: the others are asked again
        yield one.rule


def _left(name: str, kept: Mapping[tuple[str, str], Bools]) -> bool:
    """Whether the column has a value for every two values of its partners that may occur together. Of more than two, that is not known."""
    partners = [other for one, other in kept if one == name]
    if len(partners) != 2:
        return len(partners) < 2
    first, second = (kept[name, other] for other in partners)
    asked = kept.get((partners[0], partners[1]), np.ones((first.shape[1], second.shape[1]), dtype=bool))
    return bool(((first.T.astype(np.int64) @ second.astype(np.int64) > 0) | ~asked).all())


def _kept_codes(evidence: Evidence, name: str) -> Ints:
    """The place of each row's value among those the profile keeps, -1 for any other."""
    values = pa.array(evidence.profiles[name].parts[0].values, type=pa.string())
    return pc.index_in(as_text(evidence.read([name])[name]), value_set=values).fill_null(-1).to_numpy().astype(np.int16)  # type: ignore[no-any-return]


def _never(evidence: Evidence, a: str, b: str, mine: Ints, theirs: Ints) -> _Found | None:
    first, second = (evidence.profiles[name].parts[0].values for name in (a, b))
    both = (mine >= 0) & (theirs >= 0)
    cell = mine[both].astype(np.int64) * len(second) + theirs[both]
    rows = np.bincount(cell, minlength=len(first) * len(second)).reshape(len(first), len(second))
    expected = rows.sum(axis=1, keepdims=True) * rows.sum(axis=0, keepdims=True) / max(rows.sum(), 1)
    rare = (expected * evidence.crowding >= SURPRISE) & (rows < expected / 4)
    if not (rare & (rows == 0)).any():
        return None
    asked = np.flatnonzero(rare.ravel()[cell])
    holders = holders_of(cell[asked], evidence.entities[both][asked], size=rows.size).reshape(rows.shape)
    closed = rare & (holders < evidence.k)
    if closed.all(axis=0).any() or closed.all(axis=1).any():
        return None
    pairs = [[first[i], second[j]] for i, j in zip(*np.nonzero(closed), strict=True)]
    return _Found(float(expected[closed].sum()), Rule("combination", b, (a,), {"never": sorted(pairs)}), ~closed)
