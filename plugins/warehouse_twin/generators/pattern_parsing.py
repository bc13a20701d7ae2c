"""How a pattern is read: its text as the parts that make values (`generators.patterns`)."""

from __future__ import annotations

import string
from typing import NoReturn

from warehouse_twin.generators.patterns import Choice, Either, Node, Pattern, Repeat, Sequence

MAX_TEXT, MAX_LENGTH, MAX_DEPTH = 500, 1_000, 8
_ESCAPED = {"d": string.digits, "w": string.ascii_letters + string.digits + "_"}
_SPECIAL = "[](){}|?*+.^$\\"


class PatternError(ValueError):
    """A pattern that cannot be read; says at which character."""


def parse_pattern(text: str) -> Pattern:
    """Read a pattern. Raises PatternError, which says what is wrong at which character."""
    if len(text) > MAX_TEXT:
        raise PatternError(f"the pattern has {len(text)} characters; wanted at most {MAX_TEXT}")
    pattern = Pattern(text, _Parser(text).whole())
    if pattern.longest > MAX_LENGTH:
        raise PatternError(f"the pattern makes texts of up to {pattern.longest} characters; wanted at most {MAX_LENGTH}")
    return pattern


class _Parser:
    """Recursive descent over the text of one pattern."""

    def __init__(self, text: str) -> None:
        self.text, self.place, self.depth = text, 0, 0

    def whole(self) -> Node:
        node = self._either()
        if self.place < len(self.text):
            self._wrong("a ) without its (")
        return node

    def _wrong(self, what: str) -> NoReturn:
        raise PatternError(f"at character {self.place + 1}: {what}")

    def _next(self) -> str:
        return self.text[self.place] if self.place < len(self.text) else ""

    def _take(self) -> str:
        character = self._next()
        self.place += 1
        return character

    def _either(self) -> Node:
        ways = [self._sequence()]
        while self._next() == "|":
            self.place += 1
            ways.append(self._sequence())
        return ways[0] if len(ways) == 1 else Either(tuple(ways))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._next() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts))

    def _atom(self) -> Node:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character in "*+":
            self._wrong(f"{character} has no end; wanted a count such as {{1,8}}, or \\{character} for the character itself")
        if character in _SPECIAL and character != "\\":
            self._wrong(f"{character} means nothing here; wanted \\{character} for the character itself")
        return Choice(tuple(self._escaped() if character == "\\" else self._take()))

    def _escaped(self) -> str:
        """The characters that `\\x` stands for."""
        self.place += 1
        character = self._next()
        if not character or (character.isalnum() and character not in _ESCAPED):
            self._wrong(f"\\{character} is not known; wanted \\d, \\w, or a \\ before a sign")
        self.place += 1
        return _ESCAPED.get(character, character)

    def _group(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._wrong(f"groups stand more than {MAX_DEPTH} deep")
        self.place += 1
        node = self._either()
        if self._take() != ")":
            self._wrong("a ( without its )")
        self.depth -= 1
        return node

    def _class(self) -> Node:
        self.place += 1
        if self._next() == "^":
            self._wrong("a class of what is not meant; wanted the characters that are")
        found: list[str] = []
        while (character := self._next()) != "]":
            if not character:
                self._wrong("a [ without its ]")
            options = self._escaped() if character == "\\" else self._take()
            if len(options) == 1 and self._next() == "-" and self.text[self.place + 1 : self.place + 2] not in ("]", ""):
                self.place += 1
                last = self._escaped() if self._next() == "\\" else self._take()
                if len(last) != 1 or ord(last) < ord(options) or ord(last) - ord(options) > MAX_LENGTH:
                    self._wrong(f"{options}-{last} is no range of characters; wanted the lower one first")
                options = "".join(map(chr, range(ord(options), ord(last) + 1)))
            found += options
        self.place += 1
        if not found:
            self._wrong("an empty class")
        return Choice(tuple(dict.fromkeys(found)))

    def _repeated(self, node: Node) -> Node:
        if self._next() == "?":
            self.place += 1
            return Repeat(node, 0, 1)
        if self._next() != "{":
            return node
        start = self.place
        end = self.text.find("}", start)
        least, comma, most = self.text[start + 1 : max(end, start)].partition(",")
        if not (least.isdecimal() and (most.isdecimal() if comma else True) and len(least) < 5 and len(most) < 5):
            self._wrong("wanted a count such as {4} or {2,5}, or \\{ for the character itself")
        low, high = int(least), int(most) if comma else int(least)
        if high < low or high > MAX_LENGTH:
            self._wrong(f"{{{least}{comma}{most}}} is no count; wanted the lower one first and at most {MAX_LENGTH}")
        self.place = end + 1
        return Repeat(node, low, high)
