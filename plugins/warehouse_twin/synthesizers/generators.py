"""Generators: values of columns that are not modelled but made: codes, texts, personal data, UUIDs, and opaque kinds."""

from __future__ import annotations

import string
import uuid
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.spelled import neutral_text
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.randomness import derive_seed, random_bits, uniforms

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]
POOL = 5_000
"""Distinct values a generator of personal data draws from before it numbers them."""
_CLASSES = {"9": string.digits, "A": string.ascii_uppercase, "a": string.ascii_lowercase}


def generate(profile: ColumnProfile, kind: pa.DataType, present: Bools, counters: Ints, *, seed: int) -> pa.Array:
    """A column of the given type: a generated value where `present`, null elsewhere."""
    maker = _MAKERS.get(profile.kind)
    if maker is None or not (pt.is_string(kind) or pt.is_large_string(kind)):
        return _opaque(kind, present, text=neutral_text(profile.sql_type))
    texts = maker(profile.formats, counters, derive_seed(seed, profile.name))
    texts[~present] = None
    return pa.array(texts, type=pa.string()).cast(kind)


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


def make_texts(formats: Mapping[str, Any], counters: Ints, seed: int) -> Texts:
    """Texts of a learned number of words, each word by its own frequency: length and vocabulary, no sentence of the source."""
    lengths = formats.get("lengths") or {"3": 1}
    words = formats.get("words") or dict.fromkeys(("lorem", "ipsum", "dolor", "sit", "amet"), 1)
    sizes = np.asarray([int(length) for length in lengths])
    ends = np.cumsum(list(lengths.values()), dtype=np.float64)
    chosen = sizes[np.searchsorted(ends, uniforms(counters, seed=seed, stream="length") * ends[-1], side="right")]
    vocabulary = np.asarray(list(words), dtype=object)
    word_ends = np.cumsum(list(words.values()), dtype=np.float64)
    texts = np.full(len(counters), "", dtype=object)
    for place in range(int(chosen.max(initial=0))):
        rows = np.flatnonzero(chosen > place)
        draw = uniforms(counters[rows], seed=seed, stream=f"word{place}") * word_ends[-1]
        texts[rows] += (" " if place else "") + vocabulary[np.searchsorted(word_ends, draw, side="right")]
    return texts


def make_uuids(formats: Mapping[str, Any], counters: Ints, seed: int) -> Texts:
    """Random UUIDs, version 4 (RFC 9562)."""
    high, low = (random_bits(counters, seed=seed, stream=stream) for stream in ("high", "low"))
    texts = np.empty(len(counters), dtype=object)
    for index, (a, b) in enumerate(zip(high.tolist(), low.tolist(), strict=True)):
        texts[index] = str(uuid.UUID(int=(a << 64) | b, version=4))
    return texts


def make_personal(formats: Mapping[str, Any], counters: Ints, seed: int) -> Texts:
    """Personal data from Faker: a pool of values made from the seed, drawn from by counter."""
    pool = np.asarray(_pool(formats["pii"], formats["locale"], seed), dtype=object)
    bits = random_bits(counters, seed=seed, stream="person")
    return pool[(bits % np.uint64(len(pool))).astype(np.int64)]


_FAKER = {
    "name": "name",
    "first_name": "first_name",
    "last_name": "last_name",
    "email": "safe_email",
    "phone": "phone_number",
    "address": "address",
    "city": "city",
    "company": "company",
    "url": "url",
    "user_name": "user_name",
}


@lru_cache(maxsize=16)
def _pool(pii: str, locale: str, seed: int) -> tuple[str, ...]:
    from faker import Faker

    faker = Faker(locale)
    faker.seed_instance(seed)
    provider: Callable[[], str] = getattr(faker, _FAKER[pii])
    return tuple(provider().replace("\n", ", ") for _ in range(POOL))


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
    "pii": make_personal,
}
