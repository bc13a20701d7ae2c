"""Siblings: how many rows share a row's driving parent, itself counted. Context, beside what the parent's own columns say.

Without it the rows of a family are drawn as if they were alone, and sums over a family spread further than in the source.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from warehouse_twin.profiling.matching import codes_of
from warehouse_twin.profiling.table_profile import ColumnProfile, TableProfile
from warehouse_twin.relations.key_plans import KeyPlan

SIBLINGS = "#siblings"


def siblings_profile(profile: TableProfile, plan: KeyPlan) -> ColumnProfile | None:
    """The profile of the number of siblings; None where there is no driving parent, or no more than one row a parent."""
    if plan.drive is None:
        return None
    children = profile.key(plan.drive.columns, plan.drive.references).children
    if not children.cells or children.cells[-1][1] <= 1:
        return None
    return ColumnProfile(SIBLINGS, "BIGINT", "numeric", profile.rows, 0, 0, (children,))


def siblings(key: Sequence[pa.ChunkedArray], among: Sequence[pa.ChunkedArray]) -> pa.Table:
    """For each key how often it stands in `among`, null for one with a null in it: a table of one column, `SIBLINGS`."""
    mine, all_of_them = codes_of(key, among)
    counts = np.bincount(all_of_them[all_of_them >= 0], minlength=int(mine.max(initial=-1)) + 1)
    missing = mine < 0
    return pa.table({SIBLINGS: pa.array(np.where(missing, 0, counts[mine] if len(counts) else 0).astype(np.int64), mask=missing)})
