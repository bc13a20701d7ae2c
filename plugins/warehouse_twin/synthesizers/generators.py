"""Generators: values of columns that are not modelled but made: codes, texts, UUIDs, and opaque kinds.

Personal data is made for all columns of a row at once (`synthesizers.personal`): here such a column is what it begins with.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.spelled import neutral_text
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.randomness import derive_seed, random_bits
from warehouse_twin.synthesizers.codes import make_codes
from warehouse_twin.synthesizers.nested import make_bits, make_blobs
from warehouse_twin.synthesizers.texts import make_texts

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]


def generate(
    profile: ColumnProfile, kind: pa.DataType, present: Bools, counters: Ints, *, seed: int, leads: Texts | None = None
) -> pa.Array:
    """A column of the given type: a generated value where `present`, null elsewhere; `leads` are what codes begin with."""
    if profile.kind == "pii":
        return pa.array(np.full(len(present), "") if leads is None else leads, type=pa.string(), mask=~present).cast(kind)
    if leads is not None:
        codes = make_codes(profile.formats, counters, derive_seed(seed, profile.name), leads)
        return pa.array(codes, type=pa.string(), mask=~present).cast(kind)
    if "sizes" in profile.formats:
        made = make_bits if pt.is_string(kind) or pt.is_large_string(kind) else make_blobs
        return made(profile.formats["sizes"], kind, present, counters, seed=derive_seed(seed, profile.name))
    maker = _MAKERS.get(profile.kind)
    if maker is None or not (pt.is_string(kind) or pt.is_large_string(kind)):
        return _opaque(kind, present, text=neutral_text(profile.sql_type))
    texts = maker(profile.formats, counters, derive_seed(seed, profile.name))
    texts[~present] = None
    return pa.array(texts, type=pa.string()).cast(kind)


def make_uuids(formats: Mapping[str, Any], counters: Ints, seed: int) -> Texts:
    """Random UUIDs, version 4 (RFC 9562)."""
    high, low = (random_bits(counters, seed=seed, stream=stream) for stream in ("high", "low"))
    texts = np.empty(len(counters), dtype=object)
    for index, (a, b) in enumerate(zip(high.tolist(), low.tolist(), strict=True)):
        texts[index] = str(uuid.UUID(int=(a << 64) | b, version=4))
    return texts


def _opaque(kind: pa.DataType, present: Bools, *, text: str) -> pa.Array:
    """Kinds that are not modelled (blobs, lists, structs, rare intervals): the type's empty value where one is present."""
    empty: Any = None
    if pt.is_list(kind) or pt.is_large_list(kind):
        empty = []
    elif pt.is_struct(kind):
        empty = {field.name: None for field in kind}
    elif pt.is_map(kind):
        empty = []
    elif pt.is_binary(kind) or pt.is_large_binary(kind):
        empty = b""
    elif pt.is_string(kind) or pt.is_large_string(kind):
        empty = text
    return pa.array([empty if here else None for here in present], type=kind)


_MAKERS: dict[str, Callable[[Mapping[str, Any], Ints, int], Texts]] = {
    "code": make_codes,
    "text": make_texts,
    "uuid": make_uuids,
}
