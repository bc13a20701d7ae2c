"""Scores of membership attacks: on the rows of a table, and on what the rows below each of them come to."""

from __future__ import annotations

import pyarrow as pa

from warehouse_twin.gates.family_features import Brood, family_features, own_children
from warehouse_twin.gates.inputs import Inputs, Part, Real
from warehouse_twin.gates.sampling import some
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.attacks import HELD, Told, attack, membership_area, membership_found
from warehouse_twin.metrics.comparable import record_columns, without_made_up
from warehouse_twin.metrics.copies import FEWEST_COLUMNS, Records
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import derive_seed, permutation


def membership_scores(twin: ResolvedTwin, real: Real, rows: pa.Table, inputs: Inputs) -> list[Score]:
    """All membership scores that `measures` asks of the table."""
    name, seed, found = real.table.name, derive_seed(real.seed, "membership"), []
    if len(real.record) >= FEWEST_COLUMNS:
        told, floor = attack(real.records(rows, real.record), holdout_entities=real.holdout.entities, seed=seed) or (None, None)
        exposed, alone = (None if side is None else side.of_exposed() for side in (told, floor))
        found += [
            membership_area("membership", name, told, floor),
            membership_area("membership_exposed", name, exposed, alone),
            membership_found("membership_found", name, told, floor),
        ]
    if own_children(twin, real.table):
        told, floor = _of_families(twin, real, rows, inputs, seed=derive_seed(seed, "children")) or (None, None)
        found += [
            membership_area("membership_children", name, told, floor),
            membership_found("membership_children_found", name, told, floor),
        ]
    return found


def _of_families(twin: ResolvedTwin, real: Real, rows: pa.Table, inputs: Inputs, *, seed: int) -> tuple[Told, Told | None] | None:
    """The same attack on what the children of each row come to, without the row itself; independent is each of these numbers alone.

    Of large tables 20,000 parents are looked at, and as many of the twin's."""
    broods = [
        Brood(child, key, without_made_up(record_columns(twin, child), inputs.made_up(child.name)))
        for child, key in own_children(twin, real.table)
    ]
    learned, held = (some(part, HELD, seed=seed, stream=f"parents/{place}") for place, part in enumerate((real.training, real.holdout)))
    drawn = some(Part.alone(rows), HELD, seed=seed, stream="parents").rows
    both = pa.concat_tables([learned.rows, held.rows])

    def all_real(name: str) -> pa.Table:
        return pa.concat_tables([part.rows for part in inputs.real(name)])

    known, made = family_features(broods, [both, drawn], [all_real, inputs.twin])
    members, others = known.slice(0, len(learned.rows)), known.slice(len(learned.rows))
    orders = {name: pa.array(permutation(len(members), seed=seed, stream=f"alone/{name}")) for name in members.column_names}
    alone = pa.table({name: members.column(name).take(order) for name, order in orders.items()})
    records = Records(real.table.name, tuple(known.column_names), members, made, alone, others, learned.entities)
    return attack(records, holdout_entities=held.entities, seed=seed)
