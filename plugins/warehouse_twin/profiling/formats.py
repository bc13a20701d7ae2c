"""Formats of codes and texts, k-safe: patterns with per-slot characters, and words with what follows them.

A pattern writes A for an upper-case letter, a for a lower-case one, 9 for a digit, and other characters as they are. Patterns,
characters and words that fewer than k entities hold are not kept; letters and digits of a kept pattern that are too rare in
their slot are drawn uniformly from their class. Texts without a kept pattern are known by length and characters alone. Formats
are learned from rows spread over the whole column, and counts are of those: a few hundred thousand texts say as much about
words and slots as all of them.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.profiling.holders import holders_of
from warehouse_twin.profiling.pairs import spread_rows
from warehouse_twin.profiling.successions import successions

Ints = NDArray[np.int64]
MAX_ROWS = 200_000
MAX_LOOSE = 20_000
MAX_PATTERNS = 500
MAX_LENGTH = 64
MAX_WORDS = 2_000
MAX_TEXT_WORDS = 1_000
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.IGNORECASE)
_MARKS = ((r"[\p{Ll}\p{Lt}\p{Lm}\p{Lo}]", "a"), (r"\p{Lu}", "A"), (r"\p{Nd}", "9"))
"""In this order: the mark a is never taken for a letter still to be marked."""


def patterns_of(texts: pa.Array) -> pa.Array:
    """The pattern of each text."""
    for letters, mark in _MARKS:
        texts = pc.replace_substring_regex(texts, letters, mark)
    return texts


def learn_patterns(texts: pa.ChunkedArray, entities: Ints, *, k: int, max_rows: int = MAX_ROWS) -> dict[str, Any]:
    """`{"patterns": [{"pattern", "rows", "slots": [{char: rows}]}], "protected": rows}` of patterns that k entities share.

    `loose` has the lengths and characters that k entities share among the other texts, with rows.
    `texts` has no null; `entities` has one id a row.
    """
    texts, entities = _spread(texts, entities, max_rows)
    texts = pc.utf8_slice_codeunits(texts, 0, MAX_LENGTH)
    codes, values = _encoded(patterns_of(texts))
    rows, holders = np.bincount(codes, minlength=len(values)), holders_of(codes, entities, size=len(values))
    kept = _commonest(rows, holders, values, k=k, at_most=MAX_PATTERNS)
    order = np.argsort(codes, kind="stable")
    firsts = np.r_[0, np.cumsum(rows)]
    found: list[dict[str, Any]] = []
    for place in kept:
        mine = order[firsts[place] : firsts[place + 1]]
        slots = _slots(texts.take(pa.array(mine)), entities[mine], k=k)
        found.append({"pattern": values[place].as_py(), "rows": int(rows[place]), "slots": slots})
    rest = np.flatnonzero(~np.isin(codes, kept))
    return {"patterns": found, "protected": len(rest), "loose": _loose(texts.take(pa.array(rest)), entities[rest], k=k)}


def _loose(texts: pa.Array, entities: Ints, *, k: int) -> dict[str, dict[str, int]]:
    texts, entities = _spread(texts, entities, MAX_LOOSE)
    sizes = pc.utf8_length(texts).to_numpy(zero_copy_only=False).astype(np.int64)
    characters = np.asarray(["".join(texts.to_pylist())]).view(np.uint32) if sizes.sum() else np.zeros(0, dtype=np.uint32)
    found: dict[str, dict[str, int]] = {}
    for name, values, holders in (("lengths", sizes, entities), ("letters", characters, np.repeat(entities, sizes))):
        distinct, codes = np.unique(values, return_inverse=True)
        rows, shared = np.bincount(codes), holders_of(codes, holders, size=len(distinct)) >= k
        write = chr if name == "letters" else str
        found[name] = {write(distinct[place]): int(rows[place]) for place in np.flatnonzero(shared)}
    return found


def _slots(members: pa.Array, entities: Ints, *, k: int) -> list[dict[str, int]]:
    """Per position the characters that at least k entities have there, with rows; all texts are of one length."""
    length = len(members[0].as_py())
    if not length:
        return []
    letters = np.asarray(members.to_pylist(), dtype=f"U{length}").view(np.uint32).reshape(len(members), length)
    slots: list[dict[str, int]] = []
    for position in range(length):
        found, codes = np.unique(letters[:, position], return_inverse=True)
        rows, holders = np.bincount(codes), holders_of(codes, entities, size=len(found))
        slots.append({chr(found[place]): int(rows[place]) for place in np.flatnonzero(holders >= k)})
    return slots


def learn_words(texts: pa.ChunkedArray, entities: Ints, *, k: int, max_rows: int = MAX_ROWS) -> dict[str, Any]:
    """`{"words": {word: rows}, "lengths": {words per text: rows}, "pairs"}`: words and lengths that at least k entities share.

    `pairs` says which word follows which, see `successions`.

    `texts` has no null; `entities` has one id a row.
    """
    texts, entities = _spread(texts, entities, max_rows)
    split = pc.utf8_split_whitespace(texts, max_splits=MAX_TEXT_WORDS)
    owners = pc.list_parent_indices(split).to_numpy().astype(np.int64)
    words = pc.list_flatten(split)
    filled = pc.not_equal(words, "").to_numpy(zero_copy_only=False)
    words, owners = words.filter(pa.array(filled)), owners[filled]
    first = np.searchsorted(owners, owners)
    early = np.arange(len(owners)) - first < MAX_TEXT_WORDS
    words, owners = words.filter(pa.array(early)), owners[early]
    sizes = np.bincount(owners, minlength=len(texts))
    lengths, length_codes = np.unique(sizes, return_inverse=True)
    shared = holders_of(length_codes, entities, size=len(lengths)) >= k
    length_rows = np.bincount(length_codes, minlength=len(lengths))
    codes, values = _encoded(words)
    rows, holders = np.bincount(codes, minlength=len(values)), holders_of(codes, entities[owners], size=len(values))
    kept = _commonest(rows, holders, values, k=k, at_most=MAX_WORDS)
    words_kept = sorted((values[place].as_py(), int(rows[place]), place) for place in kept)
    numbers = np.full(len(values), -1, dtype=np.int64)
    numbers[[place for _, _, place in words_kept]] = np.arange(len(words_kept))
    return {
        "words": {word: count for word, count, _ in words_kept},
        "pairs": successions(numbers[codes], owners, entities, words=len(words_kept), k=k),
        "lengths": {str(lengths[place]): int(length_rows[place]) for place in np.flatnonzero(shared)},
    }


def _spread(texts: pa.ChunkedArray | pa.Array, entities: Ints, at_most: int) -> tuple[pa.Array, Ints]:
    rows = spread_rows(len(texts), at_most=at_most)
    taken = texts.take(pa.array(rows)).cast(pa.string())
    return (pa.concat_arrays(taken.chunks) if isinstance(taken, pa.ChunkedArray) else taken), entities[rows]


def _encoded(texts: pa.Array) -> tuple[Ints, pa.Array]:
    encoded = texts.dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary


def _commonest(rows: Ints, holders: Ints, values: pa.Array, *, k: int, at_most: int) -> list[int]:
    """Places of the values that at least k entities hold, the commonest first."""
    safe = np.flatnonzero(holders >= k)
    texts = dict(zip(safe.tolist(), values.take(pa.array(safe)).to_pylist(), strict=True))
    return sorted(texts, key=lambda place: (-rows[place], texts[place]))[:at_most]
