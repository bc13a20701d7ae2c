"""What names say: the words of a name, and whether a column is called after a table, after its key, or after a row of its own table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from warehouse_twin.scaffolding.vocabulary import ANYBODYS, KEYS, PREFIXES, UP

Likeness = Literal[
    "named after the table",
    "same name",
    "ends with the key's name",
    "holds the key's name",
    "named as a parent",
    "named as people",
]
STRENGTH: dict[Likeness, int] = {
    "named after the table": 5,
    "same name": 4,
    "ends with the key's name": 3,
    "holds the key's name": 2,
    "named as a parent": 1,
    "named as people": 1,
}
"""How much a column's name speaks for a foreign key."""

_ENDINGS = frozenset(("s", "es", "ies", "n", "en", "e", "er", "in", "innen", "y"))
_GLUED = 5
"""Letters that a name must have to be found inside a longer one without a border between them (`allglieferadrid`)."""
_APART = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|[\W_]+")
_CAMEL = re.compile(r"(?<=[a-zß-öø-ÿ0-9])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])")
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@lru_cache(maxsize=16_384)
def words_of(name: str) -> tuple[str, ...]:
    """Small words without accents, in any script: `AllgLieferAdrID` is allg, liefer, adr, id."""
    plain = unicodedata.normalize("NFKD", _CAMEL.sub("_", name).lower().translate(_SPELLED))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return tuple(word for word in _APART.split(plain) if word)


@lru_cache(maxsize=16_384)
def subject_of(name: str) -> tuple[str, ...]:
    """What a table or a key is about: its words without what warehouses put before a table's, and a key's last (`raw_orders`: orders)."""
    words = list(words_of(name))
    while len(words) > 1 and words[0] in PREFIXES:
        words.pop(0)
    while len(words) > 1 and words[-1] in KEYS:
        words.pop()
    return tuple(words)


def is_generic(column: str) -> bool:
    """A name that a column of any table may have (`id`, `code`, `name`): two of them say nothing of each other."""
    return all(word in ANYBODYS or word.isdigit() for word in words_of(column))


def says_key(column: str) -> bool:
    """Whether a name ends as a key's does."""
    words = [word for word in words_of(column) if not word.isdigit()]
    return bool(words) and (words[-1] in KEYS or _unglued(words[-1]) != words[-1])


def same_word(one: str, other: str) -> bool:
    """Whether two words are one but for their endings: `customer` and `customers`, `category` and `categories`, `kunde` and `kunden`."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    stem = short[:-1] if short.endswith(("y", "e")) else short
    return len(short) >= 3 and long.startswith(stem) and long[len(stem) :] in _ENDINGS


def is_about(column: str, table: str) -> bool:
    """Whether a column is named after a table: `user_id`, `billing_customer`, `country` of users, customers, countries.

    The last word of a table's name is enough where it is the whole of the column's: `category_id` of product_categories.
    """
    about, subject = subject_of(column), subject_of(table)
    if not about or not subject:
        return False
    glued, whole = _unglued("".join(about)), "".join(subject)
    if _ends_with(about, subject) or same_word(glued, whole):
        return True
    return _same_words(about, subject[-1:]) or (len(whole) >= _GLUED and glued.endswith((whole, whole.removesuffix("s"))))


def points_up(column: str) -> bool:
    """Whether a column is named as one that leads to another row of its own table: `parent_id`, `reports_to`, `manager`."""
    return any(_unglued(word) in UP for word in words_of(column))


def likeness(column: str, parent: str, key: str, *, own: bool) -> Likeness | None:
    """How a column's name speaks for leading to the column `key` of table `parent`; None when it does not. `own`: it is in that table."""
    if own and column == key:
        return None
    if not own and is_about(column, parent):
        return "named after the table"
    if column.casefold() == key.casefold() and not is_generic(key):
        return "same name"
    if own and points_up(column):
        return "named as a parent"
    return None if is_generic(key) else _inside(words_of(column), words_of(key))


def _inside(words: tuple[str, ...], key: tuple[str, ...]) -> Likeness | None:
    """Whether the name of a key is in a longer one."""
    glued, whole = "".join(words), "".join(key)
    if glued == whole:
        return "same name"
    if _ends_with(words, key) or (len(whole) >= _GLUED and glued.endswith(whole)):
        return "ends with the key's name"
    starts = (words[place : place + len(key)] == key for place in range(len(words) - len(key)))
    return "holds the key's name" if any(starts) or (len(whole) >= _GLUED and whole in glued) else None


def _same_words(some: Sequence[str], others: Sequence[str]) -> bool:
    return len(some) == len(others) and all(same_word(one, other) for one, other in zip(some, others, strict=True))


def _ends_with(words: Sequence[str], end: Sequence[str]) -> bool:
    return len(words) >= len(end) and _same_words(words[len(words) - len(end) :], end)


def _unglued(word: str) -> str:
    """A word without the key's that is written onto it: `customerid` is customer."""
    for ending in ("id", "key", "nr", "uuid"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word
