"""What several releases give away together: an attacker keeps every twin that was ever published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.attacks import HELD, Told, attack, tell
from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.copies import Records


def attack_together(
    records: Records, earlier: Sequence[pa.Table], *, holdout_entities: Ints, seed: int
) -> tuple[Told, Told | None] | None:
    """The attack by density ratio with the rows of all releases in hand, this one's and `earlier` ones'.

    What is drawn anew each time differs from release to release; what is copied is there again and again. So where twins leak, more of them
    tell better. As `attack`: None where there is nothing to ask.
    """
    names = list(records.columns)
    whole = pa.concat_tables([rows.select(names) for rows in (records.synthetic, *earlier)])
    return attack(replace(records, synthetic=whole), holdout_entities=holdout_entities, seed=seed)


def attack_added(records: Records, before: pa.Table, present: Ints, *, holdout_entities: Ints, seed: int) -> Told | None:
    """Who came to the source since the release `before`: of those who were not `present` then, how much nearer this release is than that.

    Asked are entities that are new, learned from or held out. The latter are in neither release, so both are equally near to them but for
    chance. None where nobody came on a side.
    """
    if records.entities is None or records.holdout is None:
        return None
    fresh, others = (~np.isin(entities, present) for entities in (records.entities, holdout_entities))
    new = replace(
        records,
        training=records.training.filter(pa.array(fresh)),
        entities=records.entities[fresh],
        holdout=records.holdout.filter(pa.array(others)),
        floor=None,
    )
    told = tell(new, [(before, HELD)], holdout_entities=holdout_entities[others], seed=seed)
    if len(told) < 2:
        return None
    now, then = told
    return replace(now, members=now.members - then.members, others=now.others - then.others)
