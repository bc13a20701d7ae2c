"""Formats of codes and texts, k-safe: patterns with per-slot characters, and words with their frequencies.

A pattern writes A for an upper-case letter, a for a lower-case one, 9 for a digit, and other characters as they are. Patterns,
characters and words that fewer than k entities hold are not kept; letters and digits of a kept pattern that are too rare in
their slot are drawn uniformly from their class.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

MAX_PATTERNS = 500
MAX_LENGTH = 64
MAX_WORDS = 2_000
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.IGNORECASE)
Holders = dict[Any, set[int]]


def pattern_of(text: str) -> str:
    """The pattern of a text; letters outside ASCII count as a letter of their case."""
    return "".join(
        "9" if char.isdigit() else "A" if char.isupper() else "a" if char.isalpha() else char for char in text
    )


def learn_patterns(values: Sequence[str], entities: Sequence[int], *, k: int) -> dict[str, Any]:
    """`{"patterns": [{"pattern", "rows", "slots": [{char: rows}]}], "protected": rows}` of patterns that k entities share."""
    holders: Holders = defaultdict(set)
    rows: Counter[str] = Counter()
    members: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for value, entity in zip(values, entities, strict=True):
        pattern = pattern_of(value[:MAX_LENGTH])
        rows[pattern] += 1
        holders[pattern].add(entity)
        members[pattern].append((value[:MAX_LENGTH], entity))
    kept = [pattern for pattern, _ in rows.most_common() if len(holders[pattern]) >= k][:MAX_PATTERNS]
    kept.sort(key=lambda pattern: (-rows[pattern], pattern))
    found = [{"pattern": pattern, "rows": rows[pattern], "slots": _slots(members[pattern], k=k)} for pattern in kept]
    return {"patterns": found, "protected": len(values) - sum(rows[pattern] for pattern in kept)}


def _slots(members: list[tuple[str, int]], *, k: int) -> list[dict[str, int]]:
    """Per position the characters that at least k entities have there, with rows."""
    slots: list[dict[str, int]] = []
    for position in range(len(members[0][0])):
        holders: Holders = defaultdict(set)
        rows: Counter[str] = Counter()
        for text, entity in members:
            holders[text[position]].add(entity)
            rows[text[position]] += 1
        slots.append({char: rows[char] for char in sorted(rows) if len(holders[char]) >= k})
    return slots


def learn_words(values: Sequence[str], entities: Sequence[int], *, k: int) -> dict[str, Any]:
    """`{"words": {word: rows}, "lengths": {words per text: rows}}`: words and lengths that at least k entities share."""
    words, lengths = Counter[str](), Counter[int]()
    word_holders: Holders = defaultdict(set)
    length_holders: Holders = defaultdict(set)
    for value, entity in zip(values, entities, strict=True):
        parts = value.split()[:1_000]
        lengths[len(parts)] += 1
        length_holders[len(parts)].add(entity)
        for part in parts:
            words[part] += 1
            word_holders[part].add(entity)
    kept = [(word, rows) for word, rows in words.most_common() if len(word_holders[word]) >= k][:MAX_WORDS]
    return {
        "words": dict(sorted(kept)),
        "lengths": {str(length): rows for length, rows in sorted(lengths.items()) if len(length_holders[length]) >= k},
    }
