"""Codes after learned patterns, a character a slot."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.randomness import uniforms

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
_CLASSES = {"9": string.digits, "A": string.ascii_uppercase, "a": string.ascii_lowercase}


def make_codes(formats: Mapping[str, Any], counters: Ints, seed: int) -> Texts:
    """Codes after the learned patterns; without any pattern, eight random letters."""
    patterns = formats.get("patterns") or [{"pattern": "aaaaaaaa", "rows": 1, "slots": [{}] * 8}]
    ends = np.cumsum([pattern["rows"] for pattern in patterns], dtype=np.float64)
    chosen = np.searchsorted(ends, uniforms(counters, seed=seed, stream="pattern") * ends[-1], side="right")
    texts = np.empty(len(counters), dtype=object)
    for index, pattern in enumerate(patterns):
        rows = np.flatnonzero(chosen == index)
        if len(rows):
            texts[rows] = _after(pattern, counters[rows], seed)
    return texts


def _after(pattern: Mapping[str, Any], counters: Ints, seed: int) -> list[str]:
    columns: list[NDArray[np.str_]] = []
    for place, (mark, slot) in enumerate(zip(pattern["pattern"], pattern["slots"], strict=True)):
        letters = list(slot) or list(_CLASSES.get(mark, mark))
        ends = np.cumsum([slot.get(letter, 1) for letter in letters], dtype=np.float64)
        draw = uniforms(counters, seed=seed, stream=f"slot{place}") * ends[-1]
        columns.append(np.asarray(letters)[np.minimum(np.searchsorted(ends, draw, side="right"), len(letters) - 1)])
    return ["".join(parts) for parts in zip(*columns, strict=True)] if columns else [""] * len(counters)
