"""Scores of attacks by an attacker who keeps every release."""

from __future__ import annotations

import pyarrow as pa

from warehouse_twin.gates.attack_scoring import attacked
from warehouse_twin.gates.inputs import Inputs, Real
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.across import attack_added, attack_together
from warehouse_twin.metrics.attacks import membership_area
from warehouse_twin.metrics.comparable import text_columns
from warehouse_twin.metrics.copies import FEWEST_COLUMNS
from warehouse_twin.metrics.rare_words import rare_words
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import derive_seed


def across_scores(twin: ResolvedTwin, real: Real, rows: pa.Table, inputs: Inputs) -> list[Score]:
    """The scores over releases that `measures` asks of the table: none of a first release."""
    name, seed, found = real.table.name, derive_seed(real.seed, "across"), list[Score]()
    if name not in twin.released_before:
        return found
    earlier, texts = inputs.earlier(name), text_columns(twin, real.table)
    if len(real.record) >= FEWEST_COLUMNS:
        records = real.records(rows, real.record)
        told = attack_together(records, earlier, holdout_entities=real.holdout.entities, seed=seed)
        found.append(membership_area("membership_releases", name, *(told or (None, None))))
        if name in twin.grown:
            added = attack_added(records, earlier[0], inputs.present(name), holdout_entities=real.holdout.entities, seed=seed)
            found.append(membership_area("membership_added", name, added, None))
    if texts:
        before = [table.select(list(texts)) for table in earlier]
        found.append(rare_words(attacked(real, rows, texts), before, k=real.k, seed=seed, measure="rare_words_releases"))
    return found
