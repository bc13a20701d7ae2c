"""Scores of attacks that guess: what a holder of the twin finds out about those it was learned from, beyond what holds for anybody."""

from __future__ import annotations

import pyarrow as pa

from warehouse_twin.gates.inputs import Real
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.comparable import text_columns
from warehouse_twin.metrics.copies import FEWEST_COLUMNS
from warehouse_twin.metrics.inference import nearest_row_attacks
from warehouse_twin.metrics.rare_words import rare_words
from warehouse_twin.metrics.rarity import rare_combinations
from warehouse_twin.metrics.risks import Attacked
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.singling_out import singling_out
from warehouse_twin.randomness import derive_seed


def attack_scores(twin: ResolvedTwin, real: Real, rows: pa.Table) -> list[Score]:
    """The attacks that `measures` asks of a table that is drawn."""
    seed = derive_seed(real.seed, "attacks")
    found = []
    if len(real.record) >= FEWEST_COLUMNS:
        record = attacked(real, rows, real.record)
        found += [singling_out(record, seed=seed), *nearest_row_attacks(record, seed=seed)]
    if real.record:
        found.append(rare_combinations(attacked(real, rows, real.record), k=real.k, seed=seed))
    if texts := text_columns(twin, real.table):
        found.append(rare_words(attacked(real, rows, texts), k=real.k, seed=seed))
    return found


def attacked(real: Real, rows: pa.Table, columns: tuple[str, ...]) -> Attacked:
    """A table before an attacker who knows people by these columns."""
    training, holdout = real.training, real.holdout
    drawn, known, held = (part.select(list(columns)) for part in (rows, training.rows, holdout.rows))
    return Attacked(real.table.name, columns, drawn, known, held, training.entities, holdout.entities)
