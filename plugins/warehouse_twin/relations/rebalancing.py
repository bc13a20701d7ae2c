"""Shares that a manifest asks of a root table's categories (`rebalance:`): the columns they are asked of, drawn for all rows at once.

They lead the model's order, so that everything else is drawn given them. Several of them keep how they depend on each other:
their joint distribution, drawn from the model, is raked to the shares (iterative proportional fitting; Deming and Stephan, "On a
least squares adjustment of a sampled frequency table", 1940), which keeps odds ratios.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.names import unknown
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import derive_seed, permutation
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.synthesizers.protocol import Model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Targets = Mapping[str, Mapping[str, float]]
Apart = tuple[Sequence[str], str] | None
DRAWS = 100_000
ROUNDS = 200
CLOSE = 1e-9


def check_rebalanced(profile: TableProfile, targets: Targets, *, conditional: bool, synthesizer: str) -> None:
    """Raise ConfigurationError for shares that cannot be had; the message names values that at least k entities share, and no others."""
    if targets and not conditional:
        raise ConfigurationError(
            f"{profile.table}.rebalance: {synthesizer} draws no rows given others' values; wanted tree or independent, or no rebalance"
        )
    for name, shares in targets.items():
        column = profile.column(name)
        if column.kind != "categorical":
            raise ConfigurationError(
                f"{profile.table}.rebalance.{name}: the column was found to be {column.kind}; wanted categories, next: kind: categorical"
            )
        known = column.parts[0].values
        for value in shares:
            if value not in known:
                raise ConfigurationError(f"{profile.table}.rebalance.{name}: {unknown('value', value, known)}")
        if set(shares) == set(known) and not column.nulls and abs(sum(shares.values()) - 1) > CLOSE:
            raise ConfigurationError(
                f"{profile.table}.rebalance.{name}: the shares of all {len(known)} values add up to {sum(shares.values()):g}; wanted 1"
            )


def follows_shares(twin: ResolvedTwin, plans: Mapping[str, KeyPlan], name: str) -> bool:
    """Whether the parents that a table's rows follow from, or theirs, are rebalanced: how many rows it has then follows too."""
    plan = plans.get(name)
    if plan is None or plan.drive is None:
        return False
    return bool(twin[plan.drive.references].rebalance) or follows_shares(twin, plans, plan.drive.references)


def rebalanced(model: Model, targets: Targets, rows: int, *, seed: int, apart: Apart = None) -> dict[str, pa.ChunkedArray]:
    """The columns of `targets`, which lead the model's order, for `rows` rows: in the shares asked for, to within a row or a few.

    `apart`: columns that the last of them shall not depend on.
    """
    names = list(targets)
    drawn = model.sample(DRAWS, seed=seed, columns=names).select(names)
    for name, shares in targets.items():
        for value in shares:  # one that is too rare to be drawn is asked for
            if not pc.any(pc.equal(drawn.column(name).cast(pa.string()), value)).as_py():
                wanted = pa.table({name: pa.array([value]).cast(drawn.schema.field(name).type)})
                drawn = pa.concat_tables([drawn, model.sample(1, seed=seed, context=wanted, columns=names).select(names)])
    if apart is not None:  # combinations that the source has not are in it too
        order = pa.array(permutation(drawn.num_rows, seed=derive_seed(seed, "apart"), stream="order"))
        drawn = drawn.set_column(names.index(apart[1]), apart[1], drawn.column(apart[1]).take(order))
    codes = [strata(drawn.column(name), targets[name]) for name in names]
    values = [pc.rank(drawn.column(name).cast(pa.string()), tiebreaker="dense").to_numpy() for name in names]
    together = np.lexsort([*values, *codes])  # evenly spread over rows that lie together, every stratum and value gets its share
    ends = np.cumsum(raked(codes, list(targets.values()))[together])
    spots = (np.arange(rows) + 0.5) / max(1, rows) * ends[-1]
    chosen = together[np.minimum(np.searchsorted(ends, spots, side="right"), len(ends) - 1)]
    order = permutation(rows, seed=derive_seed(seed, "rebalance"), stream="order")
    table = drawn.take(pa.array(chosen[order]))
    return {name: table.column(name) for name in names}


def strata(column: pa.ChunkedArray, shares: Mapping[str, float]) -> Ints:
    """The place of each row's value among `shares`, shape `(rows,)`; for all others the number of shares."""
    found = pc.index_in(column.cast(pa.string()), value_set=pa.array(list(shares), type=pa.string()))
    places: Ints = pc.fill_null(found, len(shares)).to_numpy().astype(np.int64)
    return places


def taken_apart(table: pa.Table, apart: Apart) -> Floats:
    """Weights of rows, adding up to 1, under which one column does not depend on others and each keeps its shares; shape `(rows,)`.

    Equal ones where nothing is to be taken apart. A combination without a row gets nothing.
    """
    weights = np.full(table.num_rows, 1.0 / max(1, table.num_rows))
    if apart is None or not table.num_rows:
        return weights
    given, one = (_codes(table, names) for names in (apart[0], (apart[1],)))
    cells = np.zeros((given.max() + 1, one.max() + 1))
    np.add.at(cells, (given, one), weights)
    wanted = np.outer(cells.sum(axis=1), cells.sum(axis=0))
    found: Floats = weights * (wanted[given, one] / cells[given, one])
    total = float(found.sum())
    return found / total


def _codes(table: pa.Table, names: Sequence[str]) -> Ints:
    """A number for every combination of values; a missing one is a value."""
    codes = np.zeros(table.num_rows, dtype=np.int64)
    for name in names:
        ranks = pc.fill_null(pc.rank(table.column(name).cast(pa.string()), tiebreaker="dense"), 0).to_numpy().astype(np.int64)
        _, codes = np.unique(codes * (ranks.max() + 1) + ranks, return_inverse=True)
    return codes


def raked(codes: Sequence[Ints], targets: Sequence[Mapping[str, float]], *, start: Floats | None = None) -> Floats:
    """Weights of rows, adding up to 1, under which each column's strata have their target shares; shape `(rows,)`.

    What goes together under the weights to begin with, all alike without `start`, does afterwards. A stratum without a row gets
    nothing, and the others its share in proportion.
    """
    weights = np.full(len(codes[0]), 1.0 / max(1, len(codes[0]))) if start is None else start
    for _ in range(ROUNDS):
        before = weights
        for code, shares in zip(codes, targets, strict=True):
            wanted = np.array([*shares.values(), max(0.0, 1.0 - sum(shares.values()))])
            held = np.bincount(code, weights=weights, minlength=len(wanted))
            wanted = np.where(held > 0, wanted, 0.0)
            scale = np.divide(wanted, held * max(wanted.sum(), CLOSE), out=np.zeros_like(wanted), where=held > 0)
            weights = weights * scale[code]
        if np.abs(weights - before).max(initial=0.0) < CLOSE / max(1, len(weights)):
            break
    return weights
