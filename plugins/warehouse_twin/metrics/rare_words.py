"""Secrets in texts: words that few people's texts have, and whether the twin's texts have them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse_twin.metrics.columns import Ints, decode, kind_of
from warehouse_twin.metrics.rarity import holders, numbered, shown_score
from warehouse_twin.metrics.risks import Attacked, impossible
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import first_permuted

ROWS = 50_000
"""Rows of each kind whose texts are read, at most."""
SHORTEST = 4
"""Letters or digits of a word that counts: shorter ones are everywhere."""


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of rows: `row` and `word` of each, once a row; rows of the twin, members and others in turn."""

    row: Ints
    word: Ints
    size: int


def rare_words(attacked: Attacked, earlier: Sequence[pa.Table] = (), *, k: int, seed: int, measure: str = "rare_words") -> Score:
    """How many of the words that fewer than k real entities have in a text column the twin has there, of its members: in [0, 1], lower is
    better.

    A word is four or more letters or digits in a row. Of every row with such words the share that the twin has in the same column; the
    value is the mean over members, the ceiling that over others, so that words made up by chance, or taken from a list of names, weigh on
    both sides. The interval is that of the difference, laid at the ceiling. Up to 50,000 rows of each kind are read, and k is less by as
    much. Where no word is rare value and ceiling are 0. With the rows of `earlier` releases only words count that are in all of them:
    what is made up by chance is seldom made up twice.
    """
    if not attacked.possible:
        return impossible(measure, attacked.table)
    read = attacked.some(ROWS, seed=seed, stream="texts")
    releases = [read.synthetic, *(_some(rows, seed=seed) for rows in earlier)]
    ends = np.cumsum([len(rows) for rows in releases])
    drawn, members, others = int(ends[-1]), len(read.training), len(read.holdout)
    rare, shown = np.zeros((2, members + others), dtype=np.int64)
    # of some of the rows only so many of k are seen: more of what they hold would be common in all rows, and the twin may have learned it
    seen = max(2, math.ceil(k * (members + others) / (len(attacked.training) + len(attacked.holdout))))
    owner = numbered(read.training_entities, read.holdout_entities)
    for name in read.columns:
        columns = [rows.column(name) for rows in (*releases, read.training, read.holdout)]
        if any(kind_of(column.type) != "categorical" for column in columns):
            continue
        words = _words(columns, name=name)
        real = words.row >= drawn
        row, word = words.row[real] - drawn, words.word[real]
        release = np.searchsorted(ends, words.row[~real], side="right")
        there = np.bincount(np.unique(words.word[~real] * len(ends) + release) // len(ends), minlength=words.size) == len(ends)
        few = (holders(word, owner[row], size=words.size) < seen)[word]
        rare += np.bincount(row[few], minlength=len(rare))
        shown += np.bincount(row[few & there[word]], minlength=len(rare))
    return shown_score(measure, attacked.table, (rare, shown), (read.training_entities, read.holdout_entities))


def _some(rows: pa.Table, *, seed: int) -> pa.Table:
    return rows.take(pa.array(first_permuted(len(rows), ROWS, seed=seed, stream="texts/earlier")))


def _words(columns: list[pa.ChunkedArray], *, name: str) -> _Words:
    """Each text is taken apart once, however many rows have it."""
    texts = pa.chunked_array([decode(column, "categorical", name=name).data for column in columns], type=pa.large_string())
    coded = pc.dictionary_encode(texts.combine_chunks())
    parts = pc.split_pattern_regex(pc.utf8_lower(coded.dictionary), pattern=r"[^\pL\pN]+")
    found, text = pc.list_flatten(parts), pc.list_parent_indices(parts).to_numpy()
    long = pc.greater_equal(pc.utf8_length(found), SHORTEST).to_numpy(zero_copy_only=False)
    spelled = pc.dictionary_encode(found.filter(pa.array(long)))
    word, text = spelled.indices.to_numpy().astype(np.int64), text[long]
    first = np.searchsorted(text, np.arange(len(coded.dictionary) + 1))
    code = coded.indices.fill_null(-1).to_numpy().astype(np.int64)
    count = np.where(code < 0, 0, np.diff(first)[code] if len(coded.dictionary) else 0)
    row = np.repeat(np.arange(len(code)), count)
    place = np.repeat(first[code] - np.cumsum(count) + count, count) + np.arange(len(row))
    size = max(len(spelled.dictionary), 1)
    pairs = np.unique(row * size + word[place])
    return _Words(pairs // size, pairs % size, size)
