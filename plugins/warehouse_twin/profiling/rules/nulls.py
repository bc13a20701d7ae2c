"""Nulls that come together: exactly where another column is null, or wherever it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.profiling.rules.evaluating import nulls_of
from warehouse_twin.profiling.rules.evidence import SURPRISE, Evidence
from warehouse_twin.profiling.rules.rule import Rule

Bools = NDArray[np.bool_]
MAX_COLUMNS = 64


def null_rules(evidence: Evidence) -> Iterator[Rule]:
    """One rule a column that is null exactly where an earlier one is, and the nearest implications between the others."""
    names = [name for name, profile in evidence.profiles.items() if 0 < profile.nulls < profile.rows][:MAX_COLUMNS]
    if len(names) < 2:
        return
    missing = np.stack([nulls_of(evidence.read([name])[name]) for name in names], axis=1)
    missing = missing[:, missing.any(axis=0)] if not missing.any(axis=0).all() else missing
    if missing.shape[1] != len(names):  # a profile of other rows than these
        return
    both = _together(missing)
    alone = np.diag(both)[:, None] - both  # rows where the first is null and the second is not
    leaders: list[int] = []
    for place, name in enumerate(names):
        leader = next((other for other in leaders if alone[place, other] == 0 and alone[other, place] == 0), None)
        if leader is None or not evidence.free(name, names[leader]) or not _surprising(evidence, both, place, leader):
            leaders.append(place)
        else:
            yield Rule("null_equal", name, (names[leader],))
    implied = {(a, b) for a in leaders for b in leaders if a != b and alone[a, b] == 0 < alone[b, a]}
    for a, b in sorted(implied):
        between = any((a, c) in implied and (c, b) in implied for c in leaders)
        if not between and evidence.free(names[a], names[b]) and _surprising(evidence, both, a, b):
            yield Rule("null_implied", names[b], (names[a],))


def _together(missing: Bools) -> NDArray[np.int64]:
    """Rows where two columns are null, shape (columns, columns); over the few patterns that there are."""
    packed = np.packbits(missing, axis=1)
    patterns, first, counts = np.unique(packed, axis=0, return_index=True, return_counts=True)
    del patterns
    rows = missing[first].astype(np.int64)
    found: NDArray[np.int64] = rows.T @ (rows * counts[:, None])
    return found


def _surprising(evidence: Evidence, both: NDArray[np.int64], a: int, b: int) -> bool:
    """Whether independent nulls would break the rule often: rows expected where a is null and b is not."""
    expected = both[a, a] * (1 - both[b, b] / evidence.rows)
    return bool(expected * evidence.crowding >= SURPRISE)
