"""Pools of made-up names, streets and places, one a locale, from Faker: built once a process, drawn from by number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Texts = NDArray[np.object_]
NAMES, PLACES = 2_000, 1_000
_SEED = 20_130_101
"""Pools are the same for every twin; which value a row gets is drawn from the twin's seed."""
_REGIONS = ("state", "administrative_unit", "region", "province", "county")
_AMERICAN = ("en_US", "en_CA", "en_AU")


@dataclass(frozen=True)
class Pool:
    """Made-up values of one locale. `states`, `state_codes`, `cities` and `postcodes` have one entry a place, and so belong together."""

    locale: str
    male: Texts
    female: Texts
    last: Texts
    streets: Texts
    cities: Texts
    states: Texts
    state_codes: Texts
    postcodes: Texts
    companies: Texts
    phones: Texts
    country: str
    country_code: str

    @property
    def with_state(self) -> bool:
        return self.locale in _AMERICAN


@lru_cache(maxsize=32)
def pool_of(locale: str) -> Pool:
    """The pool of a locale; about a fifth of a second when first asked for."""
    from faker import Faker

    faker = Faker(locale)
    faker.seed_instance(_SEED)
    states, codes, postcodes = _places(faker)
    return Pool(
        locale=locale,
        male=_many(faker.first_name_male, NAMES // 2),
        female=_many(faker.first_name_female, NAMES // 2),
        last=_many(faker.last_name, NAMES),
        streets=_many(faker.street_name, PLACES),
        cities=_many(faker.city, PLACES),
        states=states,
        state_codes=codes,
        postcodes=postcodes,
        companies=_many(faker.company, PLACES),
        phones=_many(faker.phone_number, PLACES),
        country=faker.current_country(),
        country_code=faker.current_country_code(),
    )


def _many(provider: Callable[[], str], size: int) -> Texts:
    return np.asarray([str(provider()).replace("\n", ", ") for _ in range(size)], dtype=object)


def _places(faker: Any) -> tuple[Texts, Texts, Texts]:
    """State, its code and a postcode in it, a row each; locales that know no codes have the name twice."""
    code_of = getattr(faker, "state_abbr", None) or getattr(faker, "province_abbr", None)
    if code_of is None:
        region = next((getattr(faker, name) for name in _REGIONS if hasattr(faker, name)), faker.city)
        names = _many(region, PLACES)
        return names, names, _many(faker.postcode, PLACES)
    codes, known = _many(code_of, PLACES), _state_names(faker)
    names = np.asarray([known.get(code, code) for code in codes], dtype=object)
    return names, codes, np.asarray([_postcode_in(faker, code) for code in codes], dtype=object)


def _state_names(faker: Any) -> dict[str, str]:
    """Names of states by their codes: Faker lists both in alphabetical order of the names, and the capital's district once."""
    for provider in faker.providers:
        for names, codes in (("states", "states_abbr"), ("provinces", "provinces_abbr")):
            listed = [code for code in getattr(provider, codes, ()) if code != "DC"]
            if listed and len(listed) == len(getattr(provider, names, ())):
                return {"DC": "District of Columbia", **dict(zip(listed, getattr(provider, names), strict=True))}
    return {}


def _postcode_in(faker: Any, code: str) -> str:
    try:
        return str(faker.postcode_in_state(code)) if hasattr(faker, "postcode_in_state") else str(faker.postcode_in_province(code))
    except Exception:  # Faker knows postcodes by state in some locales, and not for all states
        return str(faker.postcode())
