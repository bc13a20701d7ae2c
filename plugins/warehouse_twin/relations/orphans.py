"""Orphans that a twin keeps: rows whose foreign key leads nowhere, at the source's rate.

Their keys are values of the parents' kind that no parent has: numbers and times beyond those there are, texts that look like
theirs. They are made from the twin's parents (or public ones), never from the source's orphans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.profiling.matching import codes_of, columns_of, match_rows
from warehouse_twin.profiling.values import DAY_MICROSECONDS, from_whole, part_names, whole_number
from warehouse_twin.randomness import permutation, random_bits, uniforms
from warehouse_twin.relations.blueprints import Blueprint, Columns, taken
from warehouse_twin.relations.new_keys import distinct_texts

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
_LETTERS = ("0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def linked(blueprint: Blueprint, key: ForeignKey, parent: pa.Table, link: Ints, *, seed: int) -> Columns:
    """The key's columns from the parents' rows; some of the rows without one (-1) are orphans where they are kept."""
    columns = taken(blueprint.table, parent, key, link)
    if not key.keeps_orphans or not parent.num_rows:
        return columns
    stream = f"orphans/{'+'.join(key.columns)}"
    alone = np.flatnonzero(link < 0)
    nullable = any(blueprint.table.table.column(name).nullable for name in key.columns)
    count = min(len(alone), round(len(link) * _share(blueprint, key))) if nullable else len(alone)
    chosen = alone[permutation(len(alone), seed=seed, stream=stream)[:count]]
    return columns | _leading_nowhere(blueprint, key, parent, columns, chosen, seed=seed)


def unmatched(blueprint: Blueprint, key: ForeignKey, parent: pa.Table, drawn: Columns, found: Ints, *, seed: int) -> tuple[Ints, Columns]:
    """For a key that is drawn and matched: which rows stay without a parent (-1), and what their columns then are.

    Rows that were drawn without a parent come first; where they are too few, others lead nowhere.
    """
    filled = np.logical_and.reduce([drawn[name].is_valid().to_numpy() for name in key.columns])
    astray = filled & (match_rows([drawn[name] for name in key.columns], columns_of(parent, key.references_columns)) < 0)
    count = min(int(filled.sum()), round(len(found) * _share(blueprint, key)))
    order = permutation(len(found), seed=seed, stream=f"orphans/{'+'.join(key.columns)}")
    order = order[np.argsort(np.where(astray, 0, np.where(filled, 1, 2))[order], kind="stable")]
    chosen = order[:count]
    lost = chosen[~astray[chosen]]
    kept = found.copy()
    kept[chosen] = -1
    return kept, _leading_nowhere(blueprint, key, parent, drawn, lost, seed=seed) if parent.num_rows else {}


def _share(blueprint: Blueprint, key: ForeignKey) -> float:
    return blueprint.profile.key(key.columns, key.references).orphans


def _leading_nowhere(blueprint: Blueprint, key: ForeignKey, parent: pa.Table, columns: Columns, rows: Ints, *, seed: int) -> Columns:
    """The key's columns with some parent's key in these rows, but for the key's own column, which no parent has."""
    own = blueprint.table.table.own_columns(key)[0]
    theirs = parent.column(key.references_columns[key.columns.index(own)])
    pool = strangers(theirs, _pool(blueprint, key, len(rows)), seed=seed)
    size = len(columns[own])
    mask = np.zeros(size, dtype=bool)
    mask[rows] = True
    some = (random_bits(np.arange(size), seed=seed, stream="some parent") % np.uint64(parent.num_rows)).astype(np.int64)
    which = (random_bits(np.arange(size), seed=seed, stream="some stranger") % np.uint64(len(pool))).astype(np.int64)
    found: Columns = {}
    for name, reference in zip(key.columns, key.references_columns, strict=True):
        values = pool.take(pa.array(which)) if name == own else parent.column(reference).take(pa.array(some))
        found[name] = pc.if_else(pa.array(mask), values.cast(columns[name].type), columns[name])
    return found


def _pool(blueprint: Blueprint, key: ForeignKey, rows: int) -> int:
    """How many strangers share the orphans: each has as many as a parent with children has on average."""
    cells = [cell for cell in blueprint.profile.key(key.columns, key.references).children.cells if cell[1] > 0]
    parents = sum(count for _, _, count in cells)
    mean = sum((low + high) / 2 * count for low, high, count in cells) / parents if parents else 1.0
    return max(1, round(rows / max(mean, 1.0)))


def strangers(existing: pa.ChunkedArray, count: int, *, seed: int) -> pa.ChunkedArray:
    """`count` values of a key's kind (at least one) that are not among `existing`, of which there is at least one.

    Raises ConfigurationError for a type that has no others.
    """
    kind, known = existing.type, pc.drop_null(existing)
    if part_names(kind) and part_names(kind) != ("time",):
        values = whole_number(known)
        step = DAY_MICROSECONDS if len(part_names(kind)) == 2 else 1.0
        made = pa.chunked_array([from_whole(np.floor(values.max()) + step * np.arange(1, count + 1), kind)])
        if not _new(made, known):  # small types end somewhere: as many below the smallest
            made = pa.chunked_array([from_whole(np.ceil(values.min()) - step * np.arange(1, count + 1), kind)])
    elif pt.is_string(kind) or pt.is_large_string(kind):
        made = pa.chunked_array([pa.array(_texts(known.to_pylist(), count, seed), type=pa.string()).cast(kind)])
    else:
        raise ConfigurationError(f"orphans cannot be kept in a key of type {kind}; wanted text, numbers or dates; next: orphans: clean")
    if not _new(made, known):
        raise ConfigurationError(f"a key of type {kind} has no {count:,} values left that lead nowhere; next: orphans: clean")
    return made


def _new(made: pa.ChunkedArray, known: pa.ChunkedArray) -> bool:
    """Whether values differ from one another and from all that are known."""
    mine, theirs = codes_of([made], [known])
    return len(np.unique(mine)) == len(mine) and not np.isin(mine, theirs).any()


def _texts(known: list[str], count: int, seed: int) -> Texts:
    """Texts that look like known ones: each letter and digit is another of its class."""
    taken_already = set(known)

    def again(rows: Ints, attempt: int) -> Texts:
        templates = random_bits(rows, seed=seed, stream=f"template/{attempt}") % np.uint64(len(known))
        made = [_shuffled(known[int(place)], row, seed, attempt) for place, row in zip(templates, rows.tolist(), strict=True)]
        return np.asarray(made, dtype=object)

    def repeats(texts: Texts) -> Ints:
        seen: set[str] = set()
        wrong = []
        for row, text in enumerate(texts.tolist()):
            if text in seen or text in taken_already:
                wrong.append(row)
            seen.add(text)
        return np.asarray(wrong, dtype=np.int64)

    return distinct_texts(again(np.arange(count), 0), repeats, again)


def _shuffled(text: str, row: int, seed: int, attempt: int) -> str:
    draws = uniforms(np.arange(len(text)), seed=seed, stream=f"letters/{row}/{attempt}")
    letters = [next((known for known in _LETTERS if letter in known), letter) for letter in text]
    return "".join(known[int(draw * len(known))] for known, draw in zip(letters, draws, strict=True))


@dataclass(frozen=True)
class Astray:
    """A column that is drawn in parts and leads to a reference table: the share of its values that lead nowhere, and those."""

    column: str
    share: float
    values: pa.ChunkedArray

    def apply(self, column: pa.ChunkedArray, counters: Ints, *, seed: int) -> pa.ChunkedArray:
        """The column with some of its values replaced; the same counter is replaced however the work is split."""
        draws = uniforms(counters, seed=seed, stream=f"astray/{self.column}")
        which = (random_bits(counters, seed=seed, stream=f"astray/{self.column}/which") % np.uint64(len(self.values))).astype(np.int64)
        mask = column.is_valid().to_numpy() & (draws < self.share)
        return pc.if_else(pa.array(mask), self.values.take(pa.array(which)).cast(column.type), column)


def drawn_astray(blueprint: Blueprint, frame: pa.Table, parents: Mapping[str, pa.Table], *, seed: int) -> tuple[Astray, ...]:
    """Keys that keep orphans and are not in the frame."""
    found = []
    for key in blueprint.table.table.foreign_keys:
        parent = parents.get(key.references)
        evidence = blueprint.profile.key(key.columns, key.references)
        if key.keeps_orphans and parent is not None and parent.num_rows and evidence.orphans and key.columns[0] not in frame.column_names:
            pool = _pool(blueprint, key, round(frame.num_rows * evidence.orphans))
            values = strangers(parent.column(key.references_columns[0]), pool, seed=seed)
            found.append(Astray(key.columns[0], min(1.0, evidence.orphans / max(1e-9, 1.0 - evidence.nulls)), values))
    return tuple(found)
