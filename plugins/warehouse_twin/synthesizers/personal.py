"""The columns of a table that hold personal data, completed once all others are drawn.

Until then they are the common values that were drawn for them, and the empty text where one is to be made up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.table_profile import MADE_UP, ColumnProfile
from warehouse_twin.synthesizers.persons import Person

Ints = NDArray[np.int64]


def with_personal(
    drawn: pa.Table, profiles: Sequence[ColumnProfile], counters: Ints, *, seed: int, had: Collection[str] = ()
) -> pa.Table:
    """`drawn` with the values of its personal columns where they are not null; columns in `had` have theirs already."""
    known = [profile for profile in profiles if "pii" in profile.formats and profile.name in drawn.column_names]
    for role in roles_of(known):
        made = [profile for profile in role if profile.kind == "pii" and profile.name not in had]
        if not made:
            continue
        values = {}
        for profile in role:
            if profile not in made or MADE_UP in profile.parts[0].values:
                values[str(profile.formats["pii"])] = _texts(drawn.column(profile.name))
        person = Person(made, values, counters, seed=seed)
        for profile in made:
            place = drawn.column_names.index(profile.name)
            drawn = drawn.set_column(place, profile.name, _filled(drawn.column(profile.name), person, profile))
    return drawn


def _texts(column: pa.ChunkedArray) -> NDArray[np.object_]:
    """What the rows have already; None where that is still to be made up."""
    return np.asarray([value or None for value in column.to_pylist()], dtype=object)


def _filled(column: pa.ChunkedArray, person: Person, profile: ColumnProfile) -> pa.ChunkedArray:
    missing = column.is_null().to_numpy()
    begun = np.asarray(column.fill_null(MADE_UP).to_pylist(), dtype=object)
    return pa.chunked_array([pa.array(person.values(profile, begun), type=pa.string(), mask=missing).cast(column.type)])


def roles_of(profiles: Sequence[ColumnProfile]) -> list[list[ColumnProfile]]:
    """Columns by whose data they are. Roles that have nothing in common are one: a `customer_name` goes with an `email`."""
    by_role: dict[str, list[ColumnProfile]] = {}
    for profile in profiles:
        by_role.setdefault(str(profile.formats.get("role", "")), []).append(profile)
    merged: list[list[ColumnProfile]] = []
    for role in sorted(by_role):  # the one without a name comes first
        kinds = {profile.formats["pii"] for profile in by_role[role]}
        free = next((group for group in merged if kinds.isdisjoint(profile.formats["pii"] for profile in group)), None)
        if free is None:
            merged.append(list(by_role[role]))
        else:
            free += by_role[role]
    return merged
