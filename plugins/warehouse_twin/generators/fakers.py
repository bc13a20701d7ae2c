"""Values by Faker: providers that are safe to list, each with the arguments that it may be given.

Listed are those whose value depends on nothing but the draw: none that looks at today's date (a `range` of dates does not) and
none whose value may be somebody's (bank accounts, cards, domains; `pii` makes those that nobody can own). Every row seeds Faker
by its own counter, so that equal counters give equal values however the rows are split.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.randomness import random_bits

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
ATTEMPTS = 50
MOST = 10_000
"""The greatest number that a provider may be given: a text's length, not a way to fill a disk."""
_PLAIN = """
    address administrative_unit bank_country bs building_number catch_phrase city city_prefix city_suffix color_name company
    company_suffix country country_calling_code cryptocurrency_code cryptocurrency_name currency_code currency_name first_name
    first_name_female first_name_male hex_color http_method invalid_ssn ipv4_private ipv4_public job language_code language_name
    last_name last_name_female last_name_male license_plate locale name name_female name_male phone_number postcode prefix
    prefix_female prefix_male safe_color_name safe_domain_name secondary_address state state_abbr street_address street_name
    street_suffix suffix swift8 swift11 timezone user_agent user_name uuid4 vin
"""
LISTED: dict[str, dict[str, type]] = {name: {} for name in _PLAIN.split()} | {
    "country_code": {"representation": str},
    "ean": {"length": int},
    "email": {"domain": str},
    "file_extension": {"category": str},
    "file_name": {"category": str, "extension": str},
    "file_path": {"depth": int, "category": str, "extension": str, "absolute": bool},
    "ipv4": {"network": bool},
    "ipv6": {"network": bool},
    "isbn10": {"separator": str},
    "isbn13": {"separator": str},
    "mac_address": {"multicast": bool},
    "md5": {},
    "mime_type": {"category": str},
    "paragraph": {"nb_sentences": int, "variable_nb_sentences": bool},
    "password": {"length": int, "special_chars": bool, "digits": bool, "upper_case": bool, "lower_case": bool},
    "sentence": {"nb_words": int, "variable_nb_words": bool},
    "sha256": {},
    "slug": {},
    "text": {"max_nb_chars": int},
    "word": {"part_of_speech": str},
}
"""Provider → the arguments it may be given, with their types. All give text."""


def has_provider(provider: str, locale: str) -> bool:
    """Whether Faker knows a listed provider in a locale."""
    return callable(getattr(_faker(locale), provider, None))


def accepted_arguments(provider: str, locale: str) -> dict[str, type]:
    """The arguments that a provider may be given in a locale, with their types."""
    taken = inspect.signature(getattr(_faker(locale), provider)).parameters
    return {name: wanted for name, wanted in LISTED[provider].items() if name in taken}


@lru_cache(maxsize=32)
def _faker(locale: str) -> Any:
    from faker import Faker

    return Faker(locale)


def make_faker(detail: Mapping[str, Any], counters: Ints, *, seed: int, length: int | None = None) -> Texts:
    """A value a counter, shape `(rows,)`, cut to `length` where that is given; values may repeat."""
    faker, draw = _faker(detail["locale"]), Random()
    for each in faker.factories:
        each.random = draw
    call: Callable[..., Any] = getattr(faker, detail["provider"])
    apart = ", " if detail["provider"] in ("address", "street_address") else " "
    made = np.empty(len(counters), dtype=object)
    for row, bits in enumerate(random_bits(counters, seed=seed, stream="faker").tolist()):
        draw.seed(bits)
        made[row] = str(call(**detail["arguments"])).replace("\n", apart)[:length]
    return made


def make_distinct_faker(detail: Mapping[str, Any], rows: int, *, seed: int, column: str, length: int | None = None) -> Texts:
    """A value for every row, none twice: what repeats an earlier row is drawn again. Raises ConfigurationError when that does not end."""
    made = make_faker(detail, np.arange(rows, dtype=np.int64), seed=seed, length=length)
    for attempt in range(1, ATTEMPTS + 1):
        seen: set[str] = set()
        again = np.asarray([row for row, text in enumerate(made) if text in seen or seen.add(text)], dtype=np.int64)  # type: ignore[func-returns-value]
        if not len(again):
            return made
        made[again] = make_faker(detail, again + attempt * rows, seed=seed, length=length)
    raise ConfigurationError(
        f"column {column}: {rows:,} different values are wanted, and faker {detail['provider']} does not give as many; "
        "next: use a pattern or a sequence, or remove unique"
    )


def trial(detail: Mapping[str, Any]) -> str:
    """What Faker says when it is called with arguments that do not go together; empty where it can be called."""
    try:
        make_faker(detail, np.arange(3), seed=0)
    except Exception as error:  # each provider has its own
        return str(error) or type(error).__name__
    return ""
