"""The names in the text of a rule, as a manifest writes it under `rules: {ignore: …}`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_WORDS = "null clock combinations offset count sum min max date year quarter month week day weekday hour minute"
_FUNCTION = re.compile(rf"\b(?:{'|'.join(_WORDS.split())}|(?:second|minute|hour|day)s)\(")
_ZONE = re.compile(r" at [A-Za-z0-9_+\-/]+\)")
_APART = re.compile(r"\s(?:<=|<|=|->|\+|-|\*)\s|,\s|[()]|^-|(?<==\s)-")
_FACTOR = re.compile(r"^-?\d+(?:\.\d+)?\*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def strangers(text: str, known: Collection[str]) -> Iterator[str]:
    """The names in a rule's text that are not `known`. Known names may hold what looks like an operator."""
    rest = _ZONE.sub(")", text)
    for name in sorted(known, key=len, reverse=True):
        rest = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w.])", " , ", rest)
    for word in _APART.split(_FUNCTION.sub("(", rest)):
        name = _FACTOR.sub("", word.strip()).strip(" ,*+-")
        if name and not _NUMBER.fullmatch(name):
            yield name
