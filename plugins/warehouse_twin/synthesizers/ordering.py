"""The order in which columns are drawn: context, then the columns that must lead, then the rest."""

from __future__ import annotations

from collections.abc import Sequence

from warehouse_twin.profiling.table_profile import ColumnProfile, TableProfile


def column_order(profile: TableProfile, *, given: Sequence[str], leading: Sequence[str]) -> tuple[ColumnProfile, ...]:
    """The columns of the profile, each once."""
    first = [*given, *leading]
    rest = [column.name for column in profile.columns if column.name not in set(first)]
    return tuple(profile.column(name) for name in [*first, *rest])
