"""Codes that contain the key of a row they belong to: an invoice's number in those of its lines.

A whole number is one of the code's runs of digits, with zeros before it or without; a text of one length is what the code begins
with. Mining, drawing and the gate read a code alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.rules.rule import Rule

MAX_RUNS = 6


def candidates(target: str, source: str, codes: pa.ChunkedArray, keys: pa.ChunkedArray) -> Iterator[Rule]:
    """The ways in which codes could contain keys, by their first row that has both."""
    both = np.flatnonzero(codes.is_valid().to_numpy() & keys.is_valid().to_numpy())
    if not len(both):
        return
    code, key = codes[int(both[0])].as_py(), str(keys[int(both[0])].as_py())
    if pt.is_integer(keys.type):
        for place, run in enumerate(re.findall(r"\d+", code)[:MAX_RUNS]):
            if int(run) == int(key):
                yield Rule("code", target, (source,), {"run": place, "width": len(run)})
                yield Rule("code", target, (source,), {"run": place, "width": 0})
    elif code.startswith(key) and code != key:
        yield Rule("code", target, (source,), {"begins": len(key)})


def unlike(rule: Rule, codes: pa.ChunkedArray, keys: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Where a code does not contain the key beside it; never where either is missing."""
    if "begins" in rule.detail:
        size = int(rule.detail["begins"])
        found = pc.utf8_slice_codeunits(codes, 0, size)
        wrong = pc.or_(pc.not_equal(found, keys.cast(found.type)), pc.not_equal(pc.utf8_length(keys), size))
    else:
        pattern = rf"^[^0-9]*(?:[0-9]+[^0-9]+){{{int(rule.detail['run'])}}}(?P<run>[0-9]+)(?:[^0-9]|$)"
        parts = pc.struct_field(pc.extract_regex(codes.cast(pa.string()), pattern), "run")
        filled = pc.and_(codes.is_valid(), keys.is_valid())
        wrong = pc.and_(filled, pc.fill_null(pc.not_equal(parts, _written(rule, keys)), True))
    return np.asarray(pc.fill_null(wrong, False).to_numpy(), dtype=bool)


def _written(rule: Rule, keys: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_lpad(keys.cast(pa.string()), width=int(rule.detail["width"]), padding="0")


def containing(rule: Rule, codes: pa.ChunkedArray, keys: pa.ChunkedArray) -> pa.ChunkedArray:
    """The codes with the key of their row in its place; a code that has no such place gets one at its end."""
    texts = codes.cast(pa.string()).to_pylist()
    written = (keys.cast(pa.string()) if "begins" in rule.detail else _written(rule, keys)).to_pylist()
    for row in np.flatnonzero(unlike(rule, codes, keys)).tolist():
        texts[row] = _with_key(rule, texts[row], written[row])
    return pa.chunked_array([pa.array(texts, type=pa.string()).cast(codes.type)])


def _with_key(rule: Rule, text: str, key: str) -> str:
    if "begins" in rule.detail:
        return key + text[int(rule.detail["begins"]) :]
    runs = list(re.finditer("[0-9]+", text))
    place = int(rule.detail["run"])
    if place < len(runs):
        return text[: runs[place].start()] + key + text[runs[place].end() :]
    return text + "-0" * (place - len(runs)) + f"-{key}"
