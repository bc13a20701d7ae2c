"""Codes after learned patterns, a character a slot; what has no pattern after length and characters alone."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.formats import patterns_of
from warehouse_twin.randomness import uniforms

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
_CLASSES = {"9": string.digits, "A": string.ascii_uppercase, "a": string.ascii_lowercase}


def make_codes(formats: Mapping[str, Any], counters: Ints, seed: int, leads: Texts | None = None) -> Texts:
    """Codes after the learned patterns, which begin with their row's lead; without any pattern, eight random letters."""
    patterns = list(formats.get("patterns") or ())
    loose = formats.get("loose") or {}
    if loose.get("lengths") and loose.get("letters"):
        patterns.append({"pattern": "", "rows": formats["protected"], **loose})
    patterns = patterns or [{"pattern": "aaaaaaaa", "rows": 1, "slots": [{}] * 8}]
    texts = np.empty(len(counters), dtype=object)
    if leads is None:
        _fill(texts, np.arange(len(counters)), patterns, counters, seed)
        return texts
    for lead in sorted(set(leads.tolist())):
        rows = np.flatnonzero(leads == lead)
        mark = str(patterns_of(pa.array([lead]))[0])
        fitting = [pattern for pattern in patterns if pattern["pattern"].startswith(mark)]  # never a loose one
        _fill(texts, rows, fitting or patterns, counters, seed)
        texts[rows] = [f"{lead}{text[len(lead):]}" for text in texts[rows]]
    return texts


def _fill(texts: Texts, rows: Ints, patterns: Sequence[Mapping[str, Any]], counters: Ints, seed: int) -> None:
    ends = np.cumsum([pattern["rows"] for pattern in patterns], dtype=np.float64)
    chosen = np.searchsorted(ends, uniforms(counters[rows], seed=seed, stream="pattern") * ends[-1], side="right")
    for index, pattern in enumerate(patterns):
        mine = rows[chosen == index]
        if len(mine):
            texts[mine] = _loose(pattern, counters[mine], seed) if "letters" in pattern else _after(pattern, counters[mine], seed)


def _loose(shape: Mapping[str, Any], counters: Ints, seed: int) -> list[str]:
    """Texts of learned lengths, each character by its frequency whatever its place."""
    sizes = _chosen(shape["lengths"], counters, seed, "length").astype(np.int64)
    texts = [""] * len(counters)
    columns = [_chosen(shape["letters"], counters, seed, f"letter{place}") for place in range(int(sizes.max(initial=0)))]
    if columns:
        texts = ["".join(letters[:size]) for letters, size in zip(zip(*columns, strict=True), sizes.tolist(), strict=True)]
    return texts


def _chosen(rows: Mapping[str, int], counters: Ints, seed: int, stream: str) -> NDArray[np.str_]:
    ends = np.cumsum(list(rows.values()), dtype=np.float64)
    draws = uniforms(counters, seed=seed, stream=stream) * ends[-1]
    found: NDArray[np.str_] = np.asarray(list(rows))[np.minimum(np.searchsorted(ends, draws, side="right"), len(ends) - 1)]
    return found


def _after(pattern: Mapping[str, Any], counters: Ints, seed: int) -> list[str]:
    columns: list[NDArray[np.str_]] = []
    for place, (mark, slot) in enumerate(zip(pattern["pattern"], pattern["slots"], strict=True)):
        letters = list(slot) or list(_CLASSES.get(mark, mark))
        ends = np.cumsum([slot.get(letter, 1) for letter in letters], dtype=np.float64)
        draw = uniforms(counters, seed=seed, stream=f"slot{place}") * ends[-1]
        columns.append(np.asarray(letters)[np.minimum(np.searchsorted(ends, draw, side="right"), len(letters) - 1)])
    return ["".join(parts) for parts in zip(*columns, strict=True)] if columns else [""] * len(counters)
