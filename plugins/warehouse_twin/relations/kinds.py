"""Kinds of families: what the rows of one parent have in common beside what the parent's own columns say.

All flights of a plane are of one carrier, and no column of a plane says which. Parents whose rows are alike are of one kind. The
kind is drawn for each parent of the twin given its columns and how many rows it has, and its rows are drawn given the kind.
Every kind then gets its share of all rows: parents exchange their numbers of rows, which leaves the distribution of these as it is.

Kinds are the leaves of a tree that predicts what a parent's rows have on average from these averages themselves: a divisive
clustering (De'ath, "Multivariate regression trees", Ecology 83, 2002). Averages of few rows are drawn towards that of all by their
intraclass correlation (Bühlmann, "Experience rating and credibility", ASTIN Bulletin 4, 1967).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.profiling.holders import holders_of
from warehouse_twin.profiling.matching import codes_of, columns_of, match_rows
from warehouse_twin.profiling.pairs import coarse_codes
from warehouse_twin.profiling.snapshot_parts import ENTITY
from warehouse_twin.profiling.table_profile import ColumnProfile, Part, TableProfile
from warehouse_twin.randomness import permutation
from warehouse_twin.relations.contexts import Read, context_profiles, driving_way, given_context, modelled_columns
from warehouse_twin.relations.dealing import balanced
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.parent_types import MAX_TARGETS, MAX_TYPES, TARGET_BINS, features_of
from warehouse_twin.relations.training import CHILDREN, children_view
from warehouse_twin.synthesizers.protocol import Model
from warehouse_twin.synthesizers.sequential import TREE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KIND = "#kind"
MAX_KINDS, LEAST_PARENTS = 48, 100
ALIKE = 0.02
"""The intraclass correlation that the parent's columns must leave unexplained in some column for families to be told apart."""
CHANCE = 5.0
"""Standard deviations of chance beyond that: many codes of many columns are tried."""
SAMPLE = 20_000
"""Parents that families are told apart by, at the most."""


@dataclass(frozen=True)
class Kinds:
    """`model` draws the kind of a parent given its columns and `CHILDREN`; `rows` are the training rows of each kind.

    `parents` are the training parents' keys with their kinds, while a table is learned from: nothing of them is saved.
    """

    model: Model
    rows: tuple[int, ...]
    parents: pa.Table | None = None

    def column(self, rows: pa.Table, columns: Sequence[str]) -> pa.ChunkedArray:
        """The kind of each training row's family; null for one without a parent, or whose parent is not known."""
        assert self.parents is not None
        keys = self.parents.drop_columns([KIND])
        links = match_rows(columns_of(rows, columns), keys.columns)
        return self.parents.column(KIND).take(pa.array(np.maximum(links, 0), mask=links < 0))

    @property
    def profile(self) -> ColumnProfile:
        return _profile(self.rows)

    def draw(self, parents: pa.Table, counts: Ints, *, seed: int, held: bool) -> tuple[Ints, pa.Array]:
        """The number of rows and the kind of each parent; with `held` numbers are exchanged until the kinds have their shares."""
        context = parents.append_column(CHILDREN, pa.array(counts))
        drawn = self.model.sample(parents.num_rows, seed=seed, context=context).column(KIND).combine_chunks()
        if held and counts.any():
            kinds = np.maximum(drawn.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), 0).astype(np.int64)
            wanted = np.rint(np.asarray(self.rows) * (counts.sum() / sum(self.rows))).astype(np.int64)
            counts = balanced(counts, kinds, wanted, seed=seed, stream="kinds")
        return counts, drawn


def learn_kinds(
    table: ResolvedTable, plans: Mapping[str, KeyPlan], profiles: Mapping[str, TableProfile], read: Read, whole: Read, *, k: int, seed: int
) -> Kinds | None:
    """The kinds of families of a table's driving parent, at least k entities each; None where its columns say enough.

    `read` gives the training part of a table's columns, `whole` all rows of them.
    """
    plan, way = plans[table.name], driving_way(table.name, plans, profiles)
    view = children_view(table, plans, profiles, read, whole)
    if plan.drive is None or way is None or not way.columns or view is None or table.order_by is not None:
        return None
    key, names = plan.drive, modelled_columns(table.name, plans, profiles)
    parent = read(key.references, [*dict.fromkeys([*key.references_columns, *way.columns, ENTITY])])
    rows = read(table.name, [*dict.fromkeys([*key.columns, *names, *plan.leading])])
    if dealt_out(rows, plan.leading):
        return None
    links = match_rows(columns_of(rows, key.columns), columns_of(parent, key.references_columns))
    own = given_context(parent, way.prefix, way.columns, np.arange(parent.num_rows))
    features = np.stack(features_of(own, context_profiles(way, profiles)), axis=1).astype(np.float64)
    told = _told([rows.column(name) for name in names[:MAX_TARGETS]], links, features, k=k)
    if told is None:
        return None
    kinds = _divided(told, np.bincount(links[links >= 0], minlength=parent.num_rows), parent.column(ENTITY).to_numpy(), k=k)
    if kinds is None:
        return None
    labels = pa.array([str(number) for number in range(int(kinds.max()) + 1)]).take(pa.array(np.maximum(kinds, 0), mask=kinds < 0))
    counted = tuple(np.bincount(kinds[links[links >= 0]], minlength=int(kinds.max()) + 1).tolist())
    training = view.training.append_column(KIND, labels).filter(pa.array(kinds >= 0))
    profile = replace(view.profile, columns=(*view.profile.columns, _profile(counted)), rules=())
    model = TREE.fit(training, profile, given=(*view.given, CHILDREN), parameters={"leaf_rows": k}, seed=seed)
    keys = pa.table({name: parent.column(name) for name in key.references_columns}).append_column(KIND, labels)
    return Kinds(model, counted, keys)


def dealt_out(rows: pa.Table, leading: Sequence[str]) -> bool:
    """Whether what the rows are matched to other parents by hardly repeats. Those parents are then dealt out, nearly one a row, and
    bring other values than were drawn; what depends on these would be drawn given the kind that went with the old ones."""
    return bool(leading) and 2 * len(np.unique(codes_of([rows.column(name) for name in leading])[0])) > rows.num_rows


def _profile(rows: Sequence[int]) -> ColumnProfile:
    labels = tuple(str(number) for number in range(len(rows)))
    part = Part("category", values=labels, rows=tuple(rows))
    return ColumnProfile(KIND, "VARCHAR", "categorical", sum(rows), 0, len(labels), (part,))


def _told(columns: Sequence[pa.ChunkedArray], links: Ints, features: Floats, *, k: int) -> Floats | None:
    """What a parent's rows have on average, as far as that can be known, shape `(parents, codes)`: of the columns in which rows of
    one family are more alike than the parent's `features` explain.

    None where there is no such column, too few parents, or most rows have no other beside them.
    """
    known = links >= 0
    counts = np.bincount(links[known], minlength=len(features)).astype(np.float64)
    pairs = float((counts * (counts - 1)).sum())
    if (counts > 1).sum() < max(LEAST_PARENTS, 4 * k) or pairs < counts.sum():
        return None
    some = np.flatnonzero(counts > 1)
    some = some[np.sort(permutation(len(some), seed=0, stream="kinds")[:SAMPLE])]
    found = []
    for column in columns:
        means = _means(coarse_codes(column, bins=TARGET_BINS)[known], links[known], counts)
        alike = np.clip(_alike(means, counts, np.zeros(means.shape[1])), 0.0, 1.0)
        limit = ALIKE + CHANCE * (2 / pairs) ** 0.5
        if not means.shape[1] or alike.max() < limit:
            continue
        left = means[some] - _explained(features[some], means[some], counts[some], k=k)
        if _alike(left, counts[some], alike).max() >= limit:
            weight = counts[:, None] / np.maximum(counts[:, None] + (1 - alike) / np.maximum(alike, 1e-4), 1.0)
            found.append(means * weight)
    return np.concatenate(found, axis=1) if found else None


def _means(codes: Ints, links: Ints, counts: Floats) -> Floats:
    """Shares of each code among a parent's rows, less that of all rows, over the spread in single rows; 0 where there is no row."""
    shares = np.bincount(codes) / max(1, len(codes))
    found = []
    for code in np.flatnonzero((shares > 0) & (shares < 1)):
        sums = np.bincount(links, weights=codes == code, minlength=len(counts))
        mean = np.where(counts > 0, sums / np.maximum(counts, 1) - shares[code], 0.0)
        found.append(mean / np.sqrt(shares[code] * (1 - shares[code])))
    return np.stack(found, axis=1) if found else np.zeros((len(counts), 0))


def _alike(means: Floats, counts: Floats, explained: Floats) -> Floats:
    """The intraclass correlation of each code, from the products of all pairs of rows of one family; a row's own square, which is
    1 less what is `explained` between families, is no pair."""
    squares = ((counts[:, None] * means) ** 2).sum(axis=0) - counts.sum() * (1 - explained)
    found: Floats = squares / max(1.0, float((counts * (counts - 1)).sum()))
    return found


def _explained(features: Floats, means: Floats, counts: Floats, *, k: int) -> Floats:
    """What the parent's own columns say of the means."""
    from sklearn.tree import DecisionTreeRegressor

    fitted = DecisionTreeRegressor(max_leaf_nodes=MAX_TYPES, min_samples_leaf=k, random_state=0).fit(features, means, sample_weight=counts)
    found: Floats = fitted.predict(features).reshape(means.shape)
    return found


def _divided(told: Floats, counts: Ints, entities: Ints, *, k: int) -> Ints | None:
    """The kind of each parent with rows, -1 for others: as many kinds as have k entities each, 48 at the most; None for one alone."""
    from sklearn.tree import DecisionTreeRegressor

    filled = np.flatnonzero(counts > 0)
    some = filled[np.sort(permutation(len(filled), seed=0, stream="kinds/divided")[:SAMPLE])]
    least = k
    while 2 * least <= len(some):
        fitted = DecisionTreeRegressor(max_leaf_nodes=MAX_KINDS, min_samples_leaf=least, random_state=0)
        fitted.fit(told[some], told[some], sample_weight=counts[some])
        leaves = np.unique(fitted.apply(told[filled]), return_inverse=True)[1].astype(np.int64)
        held = holders_of(leaves, entities[filled], size=int(leaves.max()) + 1)
        if len(held) == 1:
            return None
        if held.min() >= k:
            kinds = np.full(len(counts), -1, dtype=np.int64)
            kinds[filled] = leaves
            return kinds
        least *= 2
    return None
