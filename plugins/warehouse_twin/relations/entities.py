"""Which entity a row belongs to, and whether it is held out.

A row of any table belongs to the entities its foreign keys lead to; a row that leads to none is its own entity. The split is
by a keyed hash of the entity's key, so it is stable across releases and cannot be recomputed without the workspace's secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.profiling.matching import Ints, columns_of, match_rows, places_in_runs
from warehouse_twin.randomness import derive_seed, mix

MAX_HOLDOUT_ENTITIES = 100_000


@dataclass(frozen=True, slots=True)
class Membership:
    """Per row of a table: the id of its (first) entity, and whether any of its entities is held out."""

    entity: Ints
    holdout: NDArray[np.bool_]


def memberships(twin: ResolvedTwin, tables: Mapping[str, pa.Table], *, secret: bytes) -> dict[str, Membership]:
    """Entities of every row of every table, tables in foreign-key order. Reference tables are never held out.

    Where a circle of keys was cut a second turn passes on what the cut keys say, then known.
    """
    found: dict[str, Membership] = {}
    shares: dict[str, float] = {}
    turns = 2 if any(twin.cut(table.name) for table in twin.tables) else 1
    for resolved in twin.tables * turns:
        table = tables[resolved.name]
        if resolved.keep_real:
            found[resolved.name] = Membership(np.arange(table.num_rows, dtype=np.int64), np.zeros(table.num_rows, dtype=bool))
            continue
        own = _own(resolved, table, secret)
        shares.setdefault(resolved.name, _share(twin, table.num_rows))
        held = _held(own, shares[resolved.name], secret)
        found[resolved.name] = _inherit(twin, resolved, tables, found, Membership(own, held), secret)
    return found


def _inherit(
    twin: ResolvedTwin,
    resolved: ResolvedTable,
    tables: Mapping[str, pa.Table],
    found: Mapping[str, Membership],
    own: Membership,
    secret: bytes,
) -> Membership:
    """The entities that foreign keys lead to, where they lead to the manifest's entity; the row itself elsewhere."""
    if twin.entity is None or resolved.name == twin.entity:
        return own
    entity, holdout = own.entity.copy(), own.holdout.copy()
    claimed = np.zeros(len(entity), dtype=bool)
    share = _share(twin, tables[twin.entity].num_rows)
    for key in resolved.table.foreign_keys:
        if key.references == resolved.name or key.references not in found or not leads_to_entity(twin, key.references):
            continue
        child = columns_of(tables[resolved.name], key.columns)
        links = match_rows(child, columns_of(tables[key.references], key.references_columns))
        known = links >= 0
        theirs = found[key.references]
        ids = np.r_[theirs.entity, 0][links]  # a link of -1 falls on what was added: the parent may have no row
        held = np.r_[theirs.holdout, False][links]
        if key.references == twin.entity:
            # An orphan still belongs to somebody: the entity its key names, though the table does not have it.
            stranger = ~known & ~_any_null(child)
            hashes = _hash_rows(child, secret)
            ids = np.where(stranger, hashes, ids)
            held = np.where(stranger, _held(hashes, share, secret), held)
            known |= stranger
        entity = np.where(known & ~claimed, ids, entity)
        holdout = np.where(known & ~claimed, held, holdout | (known & held))
        claimed |= known
    return Membership(entity, holdout)


def _share(twin: ResolvedTwin, rows: int) -> float:
    """How many of so many entities are held out. Under a promise of privacy that may not hang on how many there are: one more would
    move others from one part to the other."""
    return twin.holdout if twin.privacy is not None else min(twin.holdout, MAX_HOLDOUT_ENTITIES / max(1, rows))


def leads_to_entity(twin: ResolvedTwin, name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether rows of a table belong to the entity's by their keys, over however many tables."""
    if name == twin.entity:
        return True
    seen = seen | {name}
    return any(key.references not in seen and leads_to_entity(twin, key.references, seen) for key in twin[name].table.foreign_keys)


def _own(resolved: ResolvedTable, table: pa.Table, secret: bytes) -> Ints:
    """The row as its own entity: a hash of its primary key; where there is none, of the whole row and which of its likes it is."""
    if resolved.table.primary_key:
        return _hash_rows(columns_of(table, resolved.table.primary_key), secret)
    hashes = _hash_rows([table.column(name) for name in table.column_names], secret)
    order = np.argsort(hashes, kind="stable")
    which = np.empty(len(order), dtype=np.uint64)
    which[order] = places_in_runs(hashes[order])
    apart = (mix(hashes.astype(np.uint64) ^ mix(which)) >> np.uint64(1)).astype(np.int64)
    return np.where(which > 0, apart, hashes)


def _any_null(columns: Sequence[pa.ChunkedArray]) -> NDArray[np.bool_]:
    missing = np.zeros(len(columns[0]), dtype=bool)
    for column in columns:
        missing |= column.is_null().to_numpy()
    return missing


def _hash_rows(columns: Sequence[pa.ChunkedArray], secret: bytes) -> Ints:
    """A keyed 63-bit hash a row: each distinct value is hashed with BLAKE2b, columns are mixed in order."""
    whole = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        encoded = _plain(column).combine_chunks().dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.unify_dictionaries().combine_chunks()
        hashes = np.asarray([_hash(value, secret) for value in encoded.dictionary.to_pylist()] + [0], dtype=np.uint64)
        codes = encoded.indices.fill_null(len(hashes) - 1).to_numpy(zero_copy_only=False)
        whole = mix(whole ^ hashes[codes])
    return (whole >> np.uint64(1)).astype(np.int64)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column in a type that every value of it can be hashed in: Python has no infinite times, Arrow no codes of lists."""
    if pt.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", tz=column.type.tz), safe=False).cast(pa.int64())
    if pt.is_date(column.type):
        return column.cast(pa.date32()).cast(pa.int32())
    if pt.is_nested(column.type):
        texts = [None if value is None else repr(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, type=pa.string())])
    return column


def _hash(value: object, secret: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(repr(value).encode(), digest_size=8, key=secret).digest(), "big")


def _held(ids: Ints, share: float, secret: bytes) -> NDArray[np.bool_]:
    """Held out or not, from a second, independent hash of the entity's id."""
    key = np.uint64(derive_seed(int.from_bytes(secret[:7], "big"), "holdout"))
    position = (mix(ids.astype(np.uint64) ^ key) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return position < share
