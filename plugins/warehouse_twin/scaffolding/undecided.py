"""Tables about which the gate cannot decide everything, with too few rows, entities, parents or columns, and why."""

from __future__ import annotations

import math

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.comparable import record_columns
from warehouse_twin.scaffolding.proposal import Proposal, TableProposal

NEEDED, TO_DECIDE = 600, 4_000
"""Entities below which attacks on privacy have nothing to go by, and below which their intervals may reach over the goal: of models
that copy no row all were decided from 4,000 on, seven in eight at 3,500 (chinook's tracks), half at 2,500 in the worst case seen."""
HELD, ASKED = 0.2, 300
"""The share that is held out, and how many rows of it the privacy scores ask for."""
WIDTH = 1.24
"""Over the square root of the entities it is half the interval of `dcr_excess`, as measured from 1,500 to 6,000 of them."""
ROWS_NEEDED = 2_000
"""Rows of which a fifth, held out, are surely as many as the privacy scores ask for (`min_n` in `expectations/privacy.yml`)."""
PARENTS_NEEDED = 200
"""Rows of a parent from which on the training part surely has as many as the score of the children's counts asks for."""


def why_undecided(table: TableProposal, proposal: Proposal, twin: ResolvedTwin, *, belongs: bool) -> str | None:
    """The reason for accepting undecided scores of a table that is drawn; None where all can be decided."""
    reasons = [*_few_entities(table, proposal, belongs=belongs), *_few_parents(table, proposal)]
    if len(record_columns(twin, twin[table.name])) == 1:
        reasons.append("beside its keys the table has one column that can be compared, and privacy scores need two")
    if not reasons:
        return None
    text = "; ".join(reasons)
    return f"{text[0].upper()}{text[1:]}."


def _few_entities(table: TableProposal, proposal: Proposal, *, belongs: bool) -> list[str]:
    entity = proposal.tables[proposal.entity] if proposal.entity is not None and belongs else table
    count = min(table.rows, entity.rows)
    whom = f"{count:,} row{'' if count == 1 else 's'}{f' of {entity.name}' if entity.rows < table.rows else ''}"
    if count < NEEDED:
        held = f"about {count * HELD:,.0f} held out, {ASKED} asked for"
        return [f"only {whom}, too few for attacks on privacy to say anything ({held})"]
    if table.rows < ROWS_NEEDED:
        return [f"only {table.rows:,} rows, of which too few are held out to decide the privacy scores"]
    if count < TO_DECIDE:
        half = f"known to {WIDTH / math.sqrt(count):.3f} either way when a fifth of so few is held out"
        return [f"{whom}: privacy scores can come out undecided, as dcr_excess (at most 0.08) is {half}"]
    return []


def _few_parents(table: TableProposal, proposal: Proposal) -> list[str]:
    parents = {item.key.references for item in table.foreign}
    few = sorted(name for name in parents if proposal.tables[name].rows < PARENTS_NEEDED and proposal.tables[name].keep is None)
    if not few:
        return []
    parents_have = f"parent {few[0]} has" if len(few) == 1 else f"parents {', '.join(few)} have"
    return [f"its {parents_have} too few rows to say how many children one has"]
