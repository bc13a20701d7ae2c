"""Numbers that point at a person: phones, IBANs and payment cards, with digits of their own and right check digits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.randomness import random_bits
from warehouse_twin.synthesizers.codes import make_codes

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
DIGITS = 7
_STEP = 7_654_321
"""Prime to ten: `a * counter + b` modulo a power of ten visits every number once."""
_ACCOUNTS = {"DE": 18, "AT": 16, "CH": 17, "FR": 23, "ES": 20, "BE": 12, "PL": 24, "PT": 21, "DK": 14, "SE": 20, "NO": 11, "FI": 14}
"""Digits after the check digits of an IBAN, by country."""
_TEST_CARDS = "400000"
"""The range that payment providers use for test cards."""


def scrambled(counters: Ints, digits: int, seed: int) -> Ints:
    """A number of so many digits a counter; different counters below 10^digits give different numbers."""
    size = 10**digits
    shift = int(random_bits(np.zeros(1, dtype=np.int64), seed=seed, stream="shift")[0] % np.uint64(size))
    found: Ints = (counters % size * (_STEP % size) + shift) % size
    return found


def make_phones(formats: Mapping[str, Any], shapes: Texts, counters: Ints, seed: int, leads: Texts | None) -> Texts:
    """Phone numbers after the learned patterns, else like `shapes` (whole numbers of a locale); the last digits are new."""
    if formats.get("patterns"):
        shapes = make_codes(formats, counters, seed, leads)
    tails = np.char.zfill(scrambled(counters, DIGITS, seed).astype(str), DIGITS).tolist()
    texts = np.empty(len(counters), dtype=object)
    for row, (shape, tail) in enumerate(zip(shapes.tolist(), tails, strict=True)):
        texts[row] = _with_last_digits(shape, tail)
    return texts


def _with_last_digits(shape: str, tail: str) -> str:
    """`shape` with its last digits replaced, all but the first three."""
    chars, places = list(shape), [place for place, char in enumerate(shape) if char.isdigit()]
    left = places[3:][-len(tail) :]
    for place, digit in zip(left, tail[-len(left) :] if left else "", strict=True):
        chars[place] = digit
    return "".join(chars)


def make_ibans(locales: Texts, counters: Ints, seed: int) -> Texts:
    """IBANs with right check digits (ISO 13616) and account numbers that are drawn: of the row's country, else German."""
    high = scrambled(counters, 9, seed).tolist()
    low = (random_bits(counters, seed=seed, stream="account") % np.uint64(10**15)).tolist()
    texts = np.empty(len(counters), dtype=object)
    for row, (locale, first, second) in enumerate(zip(locales.tolist(), high, low, strict=True)):
        country = locale[3:] if locale[3:] in _ACCOUNTS else "DE"
        account = f"{first:09d}{second:015d}"[: _ACCOUNTS[country]]
        letters = "".join(str(int(letter, 36)) for letter in country)
        texts[row] = f"{country}{98 - int(f'{account}{letters}00') % 97:02d}{account}"
    return texts


def make_cards(counters: Ints, seed: int) -> Texts:
    """Sixteen digits of the range for test cards with the check digit of ISO/IEC 7812 (Luhn)."""
    texts = np.empty(len(counters), dtype=object)
    for row, number in enumerate(scrambled(counters, 9, seed).tolist()):
        digits = f"{_TEST_CARDS}{number:09d}"
        total = sum(sum(divmod(int(char) * (2 - place % 2), 10)) for place, char in enumerate(digits))
        texts[row] = f"{digits}{-total % 10}"
    return texts
