"""Personal data recognised: by the name of a column and the look of its values, or by the look alone where that is conclusive.

Only a bounded sample of the training values is looked at, and what is kept of them is one word: what the column holds. A
locale is kept when at least k entities have values that speak for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.manifest.model import PiiKind
from warehouse_twin.profiling.locales import locale_told, style_told
from warehouse_twin.profiling.personal_words import folded, named
from warehouse_twin.profiling.table_profile import ColumnProfile

Ints = NDArray[np.int64]
SAMPLE = 2_000
FEW = 50
"""Values whose check digits are computed."""
DEFAULT_LOCALE = "en_US"
MADE = tuple(kind for kind in get_args(PiiKind) if kind != "postcode")
"""Kinds that a generator makes where values are too rare to be kept. Postcodes are codes: their first digits say something."""
DIRECT = ("name", "email", "phone", "address", "user_name", "iban", "card")
"""Kinds that point at one person: they are made even where their values are common."""

_EMAIL = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
_URL = r"^(?:https?://|www\.)\S+$"
_IBAN = r"^[A-Z]{2}\d{2} ?[A-Z0-9]{4}[A-Z0-9 ]{4,30}$"
_WORDS = r"^[\p{Lu}\p{Lo}][\p{L}\p{M}'’.,&\-/() ]*$"
_LOOKS = {
    "email": _EMAIL,
    "url": _URL,
    "iban": _IBAN,
    "phone": r"^\+?[(\d][\d\s().\-/]{4,}\d(?:\s*(?:x|ext\.?)\s*\d+)?$",
    "postcode": r"^[A-Z0-9][A-Z0-9 \-]{1,8}[A-Z0-9]$",
    "user_name": r"^[\p{L}\d][\p{L}\d_.\-@]{1,39}$",
    "street": r"^(?:[\p{L}\d].*)?\p{L}{2}.*$",
    "address": r"(?:^|[\s,])\d+[\p{L}]?(?:[\s,./\-]|$)",
    "card": r"^\d[\d \-]{11,21}\d$",
    "gender": r"^\p{L}{1,12}\.?$",
    "title": r"^\p{L}{1,12}\.?$",
    "name": r"^\p{L}[\p{L}\p{M}'’.,\- ]* [\p{L}\p{M}'’.,\- ]*$",
    "first_name": r"^\p{L}[\p{L}\p{M}'’.\- ]*$",
    "last_name": r"^\p{L}[\p{L}\p{M}'’.\- ]*$",
    "company": r"^[\p{L}\d].*\p{L}.*$",
    "city": _WORDS,
    "state": _WORDS,
    "country": _WORDS,
}
_WAYS = (
    r"(?i)(?:stra(?:ß|ss)e|str\.|weg|gasse|platz|allee|ring|damm|ufer)\b"
    r"|\b(?:street|st|road|rd|ave|avenue|drive|lane|rue|calle|via|plaza)\b"
)
_CONCLUSIVE = ("email", "url", "iban")
_LEGAL_FORMS = r"\b(?:GmbH|AG|KG|OHG|UG|Inc|Ltd|LLC|PLC|Corp|Corporation|Company|S\.?A|SARL|S\.?L|B\.?V|Group)\b\.?"
@dataclass(frozen=True, slots=True)
class Recognised:
    """What a column holds, whose (`role`), the locale that speaks from it, if any, and the style of nearly all values.

    `said`: by the manifest, which wins.
    """

    kind: str
    role: str = ""
    locale: str | None = None
    said: bool = False
    style: str = ""

    @property
    def direct(self) -> bool:
        return self.kind in DIRECT

    @property
    def never_kept(self) -> bool:
        return self.said or self.direct

    @property
    def made(self) -> bool:
        return self.said or self.kind in MADE

    def formats(self) -> dict[str, Any]:
        told = self.said or self.locale is not None
        return {"pii": self.kind, "locale": self.locale or DEFAULT_LOCALE, "role": self.role, "told": told, "style": self.style}


def recognise(column: str, present: pa.ChunkedArray, entities: Ints, *, k: int) -> Recognised | None:
    """What a text column holds of a person; None when nothing is recognised."""
    values, holders = _sampled(present, entities)
    if not len(values):
        return None
    said = named(column)
    found = _conclusive(values) or _by_name(column, values)
    if found is None or (said is not None and said.bare and found not in _CONCLUSIVE and len(np.unique(holders)) < k):
        return None
    locale = locale_told(found, values, holders, k=k) or (said.locale if said is not None else None)
    return Recognised(found, role_of(column), locale, style=style_told(found, values, holders, k=k))


def role_of(column: str) -> str:
    """Whose data a column holds, by its name: `billing` of `billing_city`."""
    said = named(column)
    return said.role if said is not None else ""


def _sampled(present: pa.ChunkedArray, entities: Ints) -> tuple[pa.Array, Ints]:
    """Values spread evenly over the column, trimmed, and who holds them."""
    places = np.unique(np.linspace(0, max(len(present) - 1, 0), min(SAMPLE, len(present))).astype(np.int64))
    taken = present.take(pa.array(places)).cast(pa.string()).combine_chunks()
    return pc.utf8_trim_whitespace(taken), entities[places]


def _share(values: pa.Array, pattern: str) -> float:
    return float(pc.mean(pc.match_substring_regex(values, pattern)).as_py())


def _conclusive(values: pa.Array) -> str | None:
    for kind in _CONCLUSIVE:
        if _share(values, _LOOKS[kind]) >= 0.8 and (kind != "iban" or _checked(values, _iban_holds)):
            return kind
    return None


def _by_name(column: str, values: pa.Array) -> str | None:
    said = named(column)
    if said is None or said.kind in _CONCLUSIVE:
        return None
    if said.kind in ("name", "company", "last_name") and _share(values, _LEGAL_FORMS) >= 0.2:
        return "company"
    if said.bare:
        return _person(values, wanted=0.15 if not said.role else 0.3)
    kind = "address" if said.kind == "street" and _share(values, r"\d{4,}.*\p{L}|\p{L}.*\d{4,}") >= 0.5 else said.kind
    if kind == "address" and _share(values, _LOOKS["address"]) < 0.6:
        kind = "street"
    wanted = 0.6 if kind == "street" else 0.8
    if _share(values, _LOOKS[kind]) < wanted or (kind == "street" and _street_like(values) < 0.4):
        return "last_name" if kind == "name" and _person(values, wanted=0.3) == "last_name" else None
    return None if kind == "card" and not _checked(values, _luhn_holds) else kind


def _street_like(values: pa.Array) -> float:
    return max(_share(values, _WAYS), _share(values, _LOOKS["address"]))


def _person(values: pa.Array, *, wanted: float) -> str | None:
    """What a column called just `name` holds: known names must be common in it, `wanted` of them where it is one word."""
    if _share(values, r"\d") > 0.1:
        return None
    first, last = _known_names()
    words = [found for value in values.to_pylist() if (found := folded(str(value)).replace(",", " ").split())]
    if sum(len(found) >= 2 for found in words) >= 0.8 * max(1, len(words)):
        known = sum(1 for found in words if len(found) <= 5 and not first.isdisjoint((found[0], found[-1])))
        return "name" if known >= 0.4 * len(words) else None
    alone = [found[0] for found in words if len(found) == 1]
    if len(alone) < 0.8 * len(words) or sum(word in first or word in last for word in alone) < wanted * max(1, len(alone)):
        return None
    return "first_name" if sum(word in first for word in alone) > sum(word in last for word in alone) else "last_name"


@lru_cache(maxsize=1)
def _known_names() -> tuple[frozenset[str], frozenset[str]]:
    """First and last names, folded, of the languages whose columns are recognised (Faker's lists)."""
    from importlib import import_module

    first: set[str] = set()
    last: set[str] = set()
    for locale in ("en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL"):
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for found, attributes in ((first, ("first_names", "first_names_male", "first_names_female")), (last, ("last_names",))):
            for attribute in attributes:
                found.update(folded(name) for name in getattr(provider, attribute, ()))
    return frozenset(first), frozenset(last)


def _checked(values: pa.Array, holds: Callable[[str], bool]) -> bool:
    some = values.to_pylist()[:FEW]
    return sum(bool(holds(value)) for value in some) >= 0.8 * len(some)


def _iban_holds(text: str) -> bool:
    """The check of ISO 13616: the number, its first four characters last and letters as 10 to 35, is 1 modulo 97."""
    code = text.replace(" ", "").upper()
    return code.isalnum() and code.isascii() and int("".join(str(int(char, 36)) for char in code[4:] + code[:4])) % 97 == 1


def _luhn_holds(text: str) -> bool:
    """The check digit of ISO/IEC 7812."""
    digits = [int(char) for char in reversed(text) if char.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0 and any(digits)


def with_one_locale(columns: Sequence[ColumnProfile]) -> tuple[ColumnProfile, ...]:
    """Columns of a table whose own values do not tell a locale get the one that most others tell; what was said stays."""
    told = Counter(column.formats["locale"] for column in columns if column.formats.get("told"))
    if not told:
        return tuple(columns)
    commonest = min(told, key=lambda locale: (-told[locale], locale))
    untold = [column.name for column in columns if "pii" in column.formats and not column.formats["told"]]
    return tuple(
        replace(column, formats={**column.formats, "locale": commonest}) if column.name in untold else column for column in columns
    )
