"""The locale that a column's values speak for, and the style they are written in: one word each, kept when k entities stand behind it."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.profiling.personal_words import folded

Ints = NDArray[np.int64]
_SPEAKS_FOR = (
    ("phone", r"^(?:\+|00)49", "de_DE"),
    ("phone", r"^(?:\+|00)43", "de_AT"),
    ("phone", r"^(?:\+|00)33", "fr_FR"),
    ("phone", r"^(?:\+|00)34", "es_ES"),
    ("phone", r"^(?:\+|00)39", "it_IT"),
    ("phone", r"^(?:\+|00)44", "en_GB"),
    ("phone", r"^(?:\+|00)31", "nl_NL"),
    ("phone", r"^(?:\+|00)48", "pl_PL"),
    ("postcode", r"^[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}$", "en_GB"),
    ("postcode", r"^[A-Z]\d[A-Z] ?\d[A-Z]\d$", "en_CA"),
    ("postcode", r"^\d{5}-\d{4}$", "en_US"),
    ("postcode", r"^\d{4} ?[A-Z]{2}$", "nl_NL"),
    ("street address", r"(?i)(?:stra(?:ß|ss)e|str\.|weg|gasse|platz|allee)\b", "de_DE"),
    ("street address", r"(?i)\b(?:rue|chemin|impasse)\b", "fr_FR"),
    ("street address", r"(?i)\b(?:calle|avenida|paseo)\b", "es_ES"),
    ("street address", r"(?i)\b(?:street|road|drive|lane|blvd)\b", "en_US"),
)  # fmt: skip
_STYLES = (
    (("first_name", "last_name"), "initial", r"^\p{L}\.?$"),
    (("state", "country"), "code", r"^[A-Z]{2,3}$"),
    (("street",), "no number", r"^[^\d]*$"),
    (("name",), "last, first", r"^[^,]+, [^,]+$"),
    (("name", "first_name", "last_name", "city", "state", "country"), "upper", r"^[^\p{Ll}]*$"),
    (("name", "first_name", "last_name", "city", "state", "country"), "lower", r"^[^\p{Lu}]*$"),
)
_LETTERS = ((r"[äöüÄÖÜß]", "de_DE"), (r"[ñÑ]", "es_ES"), (r"[çèêÇÈÊ]", "fr_FR"), (r"[łżśŁŻŚ]", "pl_PL"))
COUNTRIES = {
    "de_DE": "de deu germany deutschland allemagne alemania", "de_AT": "at aut austria oesterreich", "de_CH": "ch che switzerland schweiz",
    "fr_FR": "fr fra france frankreich francia", "es_ES": "es esp spain spanien espana", "it_IT": "it ita italy italien italia",
    "en_GB": "gb uk gbr united_kingdom great_britain england", "en_US": "us usa united_states united_states_of_america",
    "en_CA": "ca can canada kanada", "en_AU": "au aus australia", "nl_NL": "nl nld netherlands niederlande", "pl_PL": "pl pol poland polen",
    "pt_PT": "pt prt portugal", "pt_BR": "br bra brazil brasil", "sv_SE": "se swe sweden schweden", "da_DK": "dk dnk denmark",
    "fi_FI": "fi fin finland", "no_NO": "no nor norway", "cs_CZ": "cz cze czech_republic czechia",
}  # fmt: skip
"""Locale of a country's people, by folded codes and names."""


def locale_told(kind: str, values: pa.Array, holders: Ints, *, k: int) -> str | None:
    """The locale that the values speak for: half of them by shape, or a thirtieth by the letters of one language."""
    if kind == "country":
        return _country(values, holders, k=k)
    for kinds, pattern, locale in _SPEAKS_FOR:
        if kind in kinds.split() and _speaks(values, holders, pattern, 0.5 if kind != "street" else 0.25, k=k):
            return locale
    if kind in ("name", "first_name", "last_name", "city", "street", "address"):
        for pattern, locale in _LETTERS:
            if _speaks(values, holders, pattern, 0.03, k=k):
                return locale
    return None


def style_told(kind: str, values: pa.Array, holders: Ints, *, k: int) -> str:
    """How nearly all values are written, where that differs from `Ada Lovelace`; each style has its generator's word."""
    return next((style for kinds, style, pattern in _STYLES if kind in kinds and _speaks(values, holders, pattern, 0.9, k=k)), "")


def _speaks(values: pa.Array, holders: Ints, pattern: str, share: float, *, k: int) -> bool:
    matches = pc.match_substring_regex(values, pattern).to_numpy(zero_copy_only=False)
    return bool(matches.mean() >= share) and len(np.unique(holders[matches])) >= k


def locale_of_country(country: str) -> str | None:
    """The locale of a country by its name or code."""
    return _by_country().get(folded(country.strip()).replace(" ", "_"))


@lru_cache(maxsize=1)
def _by_country() -> dict[str, str]:
    return {name: locale for locale, names in COUNTRIES.items() for name in names.split()}


def _country(values: pa.Array, holders: Ints, *, k: int) -> str | None:
    locales = np.asarray([locale_of_country(str(value)) or "" for value in values.to_pylist()])
    for locale, rows in Counter(locales.tolist()).most_common(1):
        if locale and rows >= 0.5 * len(locales) and len(np.unique(holders[locales == locale])) >= k:
            return str(locale)
    return None
