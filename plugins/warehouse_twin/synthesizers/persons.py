"""Personal data, made so that a row is one person: the e-mail carries the name, the address the city.

Every column of a table that holds something of the same person (`personal_words`: its role) takes it from the same draws, and
what the row has already, such as a first name or a city common enough to be kept, is used as it is. Draws are by counter: the
same counter is the same person however the rows are split.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.profiling.locales import locale_of_country
from warehouse_twin.profiling.personal_words import folded
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.randomness import derive_seed, random_bits
from warehouse_twin.synthesizers.personal_numbers import make_cards, make_ibans, make_phones
from warehouse_twin.synthesizers.pools import Pool, pool_of

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
DOMAINS = ("example.com", "example.org", "example.net")
"""Reserved for documentation (RFC 2606): mail to them reaches nobody."""
_MALE = "m male mr mr. man mann herr h homme monsieur hombre masculino sr sr. maennlich masculin boy"
_FEMALE = "f w female mrs mrs. ms ms. miss woman frau femme mme mlle mujer femenino sra sra. weiblich feminin girl"


class Person:
    """One role of a table: somebody new in each row. `had` are the values of columns that the rows have already, by kind."""

    def __init__(self, columns: Sequence[ColumnProfile], had: Mapping[str, Texts], counters: Ints, *, seed: int) -> None:
        self.columns, self.had, self.rows = columns, had, len(counters)
        self.seed = derive_seed(seed, "person", str(columns[0].formats.get("role", "")))
        self.counters = counters
        people = _people(columns)
        if people:
            self.counters = (random_bits(counters, seed=self.seed, stream="people") % np.uint64(people)).astype(np.int64)

    def _bits(self, stream: str) -> NDArray[np.uint64]:
        return random_bits(self.counters, seed=self.seed, stream=stream)

    @cached_property
    def locales(self) -> Texts:
        """The locale of each row: its country's where the row has one we know, else the profile's."""
        first = next(column for column in self.columns if column.kind == "pii")
        found = np.full(self.rows, first.formats["locale"], dtype=object)
        if "country" in self.had:
            for country in set(self.had["country"].tolist()) - {None}:
                locale = locale_of_country(str(country))
                if locale is not None:
                    found[self.had["country"] == country] = locale
        return found

    def _drawn(self, choices: Callable[[Pool], Texts], stream: str) -> Texts:
        """One of the pool's choices a row, by the row's locale."""
        bits, texts = self._bits(stream), np.empty(self.rows, dtype=object)
        for locale in sorted(set(self.locales.tolist())):
            rows = self.locales == locale
            pool = choices(pool_of(locale))
            texts[rows] = pool[(bits[rows] % np.uint64(len(pool))).astype(np.int64)]
        return texts

    def _or_had(self, kind: str, made: Texts) -> Texts:
        if kind not in self.had:
            return made
        missing = np.asarray([value is None for value in self.had[kind]], dtype=bool)
        return np.where(missing, made, self.had[kind])

    @cached_property
    def female(self) -> NDArray[np.bool_]:
        """Half of all, but as the row says where it has a gender or a title."""
        found = (self._bits("gender") & np.uint64(1)).astype(bool)
        for kind in ("title", "gender"):
            if kind in self.had:
                words = [folded(str(value)) for value in self.had[kind]]
                female, male = (np.asarray([word in known.split() for word in words]) for known in (_FEMALE, _MALE))
                found = np.where(female, True, np.where(male, False, found))
        return found

    @cached_property
    def first_name(self) -> Texts:
        male, female = (self._drawn(choices, "first") for choices in (lambda pool: pool.male, lambda pool: pool.female))
        return self._or_had("first_name", np.where(self.female, female, male))

    @cached_property
    def last_name(self) -> Texts:
        return self._or_had("last_name", self._drawn(lambda pool: pool.last, "last"))

    @cached_property
    def name(self) -> Texts:
        return self._or_had("name", _joined("{} {}", self.first_name, self.last_name))

    @cached_property
    def company(self) -> Texts:
        return self._or_had("company", self._drawn(lambda pool: pool.companies, "company"))

    @cached_property
    def city(self) -> Texts:
        return self._or_had("city", self._drawn(lambda pool: pool.cities, "place"))

    @cached_property
    def state(self) -> Texts:
        return self._or_had("state", self._drawn(lambda pool: pool.states, "place"))

    @cached_property
    def postcode(self) -> Texts:
        return self._or_had("postcode", self._drawn(lambda pool: pool.postcodes, "place"))

    @cached_property
    def country(self) -> Texts:
        names = {locale: pool_of(locale).country for locale in set(self.locales.tolist())}
        return self._or_had("country", _objects([names[locale] for locale in self.locales]))

    @cached_property
    def street(self) -> Texts:
        """With a number: before the street where English is spoken, else after it."""
        numbers = (self._bits("house") % np.uint64(180)).astype(np.int64) + 1
        streets = self._drawn(lambda pool: pool.streets, "street")
        first = np.asarray([locale.startswith(("en_", "fr_")) for locale in self.locales], dtype=bool)
        made = np.where(first, _joined("{} {}", numbers, streets), _joined("{1} {0}", numbers, streets))
        return self._or_had("street", made)

    @cached_property
    def address(self) -> Texts:
        codes = self._or_had("state", self._drawn(lambda pool: pool.state_codes, "place"))
        texts = _joined("{}, {} {}", self.street, self.postcode, self.city)
        english = np.asarray([locale.startswith("en_") for locale in self.locales], dtype=bool)
        stated = np.asarray([pool_of(locale).with_state for locale in self.locales], dtype=bool)
        texts = np.where(english, _joined("{}, {}, {}", self.street, self.city, self.postcode), texts)
        return np.where(stated, _joined("{}, {}, {} {}", self.street, self.city, codes, self.postcode), texts)

    def _handle(self, stream: str, *, unique: bool) -> Texts:
        """Small ASCII letters of the name in one of three forms; numbered by the counter where values must differ."""
        names = [_ascii(str(name)).split("-") for name in self.name]
        firsts = [_ascii(str(name)) for name in self.first_name] if "name" not in self.had else [words[0] for words in names]
        lasts = [_ascii(str(name)) for name in self.last_name] if "name" not in self.had else [words[-1] for words in names]
        forms = (self._bits(f"{stream}/form") % np.uint64(3)).tolist()
        some = (self._bits(f"{stream}/number") % np.uint64(200)).tolist()
        numbers = self.counters.tolist() if unique else some
        texts = np.empty(self.rows, dtype=object)
        for row, (first, last, form, number) in enumerate(zip(firsts, lasts, forms, numbers, strict=True)):
            stem = (f"{first}.{last}", f"{first[:1]}{last}", f"{first}_{last}")[form].strip("._") or "user"
            texts[row] = f"{stem}{number}" if unique or number < 100 else stem
        return texts

    def values(self, column: ColumnProfile, begun: Texts) -> Texts:
        """The values of one made column; `begun` is what they begin with where that was drawn."""
        kind, unique, formats = str(column.formats["pii"]), bool(column.formats.get("unique")), column.formats
        if kind == "email":
            domain = (self._bits(f"{column.name}/domain") % np.uint64(len(DOMAINS))).astype(np.int64)
            return _joined("{}@{}", self._handle(column.name, unique=unique), np.asarray(DOMAINS)[domain])
        if kind == "user_name":
            return self._handle(column.name, unique=unique)
        if kind == "url":
            sites = np.asarray([_ascii(str(name)) or "www" for name in self.company])
            return _joined("https://{}.example.com/{}", sites, self._handle(column.name, unique=unique))
        if kind == "phone":
            shapes = self._drawn(lambda pool: pool.phones, column.name)
            leads = begun if column.parts[0].kind == "category" else None
            return make_phones(formats, shapes, self.counters, derive_seed(self.seed, column.name), leads)
        if kind == "iban":
            return make_ibans(self.locales, self.counters, derive_seed(self.seed, column.name))
        if kind == "card":
            return make_cards(self.counters, derive_seed(self.seed, column.name))
        return self._styled(kind, str(formats.get("style", "")))

    def _styled(self, kind: str, style: str) -> Texts:
        if style == "code" and kind == "country":
            return self._or_had("country", _objects([pool_of(locale).country_code for locale in self.locales]))
        if style == "code" and kind == "state":
            return self._or_had("state", self._drawn(lambda pool: pool.state_codes, "place"))
        if style == "last, first":
            return _joined("{1}, {0}", self.first_name, self.last_name)
        if style == "no number" and kind == "street":
            return self._or_had("street", self._drawn(lambda pool: pool.streets, "street"))
        texts: Texts = getattr(self, kind)
        changes: dict[str, Callable[[str], str]] = {"upper": str.upper, "lower": str.lower, "initial": lambda text: f"{text[:1]}."}
        change = changes.get(style)
        return texts if change is None else _objects([change(str(text)) for text in texts])


def _people(columns: Sequence[ColumnProfile]) -> int:
    """How many people share the rows, where the source has few in many; 0 where each row has its own."""
    telling = [column for column in columns if column.formats["pii"] not in ("city", "state", "country")] or columns
    people = [int(column.formats.get("people", 0)) for column in telling]
    return max(people) if all(people) else 0


def _joined(form: str, *parts: NDArray[np.generic]) -> Texts:
    return _objects([form.format(*row) for row in zip(*(part.tolist() for part in parts), strict=True)])


def _objects(values: Sequence[str]) -> Texts:
    texts = np.empty(len(values), dtype=object)
    texts[:] = values
    return texts


@lru_cache(maxsize=100_000)
def _ascii(text: str) -> str:
    """Letters and digits of an address on the internet, words joined by a dash."""
    return "-".join("".join(char if char.isalnum() else " " for char in folded(text)).split())
