"""Reference tables: small lists of codes and labels that others refer to, the same for everybody, so that they may be kept as they are.

Whoever keeps a table publishes it. So it is proposed only where everything speaks for it, and the reason stands beside it; what
is not kept is drawn, which is always safe.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from warehouse_twin.profiling.matching import duplicated
from warehouse_twin.scaffolding.foreign_keys import Known, orphans_of
from warehouse_twin.scaffolding.people import might_be_personal
from warehouse_twin.scaffolding.primary_keys import is_joinable, is_text_like
from warehouse_twin.scaffolding.proposal import Proposal, TableProposal

MOST_ROWS, MOST_COLUMNS = 200, 6
PER_ROW = 5
"""Rows that refer to the table, at least, for each of its own: a table with nearly as many is one of things that happen, or of people."""
LONGEST = 60.0
"""Characters that its texts have on average at the most: longer ones are somebody's words."""


def find_references(proposal: Proposal, known: Known) -> None:
    """Mark the tables that may be kept. A table that refers to one that is drawn may not, so this goes on until nothing changes."""
    tables = proposal.tables
    open_to = [name for name in proposal.fresh if tables[name].keep is None and name != proposal.entity and not tables[name].makes_columns]
    safe = {name: why for name in open_to if (why := _why_safe(tables[name], tables, known)) is not None}
    stays = {name for name, table in tables.items() if table.keep is not None} | set(safe)
    while unsafe := [name for name in safe if any(item.key.references not in stays for item in tables[name].foreign)]:
        for name in unsafe:
            del safe[name]
            stays.discard(name)
    for name, why in safe.items():
        tables[name].keep = why


def _why_safe(table: TableProposal, tables: dict[str, TableProposal], known: Known) -> str | None:
    """Why a table may be kept; None where anything speaks against it."""
    rows = known.rows[table.name]
    users = sorted(name for name, other in tables.items() if name != table.name and _refers(other, table.name))
    using = sum(tables[name].rows for name in users)
    shape_fits = 0 < table.rows <= MOST_ROWS and len(rows.column_names) <= MOST_COLUMNS
    if not (shape_fits and users and using >= PER_ROW * table.rows and table.primary.columns and not (table.personal or table.dangling)):
        return None
    if not all(_is_label(rows.column(name)) for name in rows.column_names) or might_be_personal(table.table, rows) is not None:
        return None
    key = [rows.column(name) for name in table.primary.columns]
    whole = not duplicated(key).any() and not any(column.null_count for column in key)
    if not whole or any(orphans_of(item.key, table.name, known) for item in table.foreign):
        return None
    onward = " and refers to none that is drawn" if table.foreign else " and refers to no other table"
    return (
        f"{table.rows:,} rows of codes and labels that {', '.join(users)} refer{'s' if len(users) == 1 else ''} to; "
        f"it has no personal data, no amounts and no dates,{onward}"
    )


def _refers(table: TableProposal, parent: str) -> bool:
    return any(item.key.references == parent for item in table.foreign)


def _is_label(column: pa.ChunkedArray) -> bool:
    """Codes, labels and flags; amounts, dates and long texts are about somebody or something that happened."""
    kind = column.type
    if pt.is_boolean(kind) or pt.is_null(kind):
        return True
    if is_text_like(kind):
        length = pc.mean(pc.utf8_length(column)).as_py()
        return length is None or length <= LONGEST
    return is_joinable(kind)
