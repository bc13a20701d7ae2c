"""Reading YAML: plain values, the place of each, and every structural fault at once.

PyYAML's scanner, parser and resolver, without its composer: values are built from events, so that duplicate keys, anchors,
tags and depth are seen before anything is expanded. What comes out is what JSON can say: text, numbers, booleans, nothing,
lists and mappings with text as keys. Dates stay text.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.names import shown, shown_bare
from warehouse_twin.manifest.positions import Mark, Positions, Steps

MAX_DEPTH = 32
_NUMBER_LENGTH = 100
_NUMBER_BOUND = 2**63
_TAG = "tag:yaml.org,2002:"
_WORDS = {"null": "nothing", "bool": "true or false", "int": "a number", "float": "a number"}


@dataclass(frozen=True, slots=True)
class Document:
    """What was read. `complete` is False when reading stopped early; `broken` are places whose value is not to be judged."""

    data: Any
    complete: bool
    positions: Positions
    faults: tuple[Fault, ...]
    broken: frozenset[Steps]


def read_document(content: bytes, file: str) -> Document:
    """Read one YAML document in UTF-8. Raises nothing: what is wrong is in `faults`."""
    reader = _Reader(file)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        reader.fault(_mark_at(before), (), f"got the byte 0x{content[error.start]:02x}, wanted UTF-8; save the file as UTF-8")
    else:
        reader.read(text)
    positions = Positions(file, reader.keys, reader.values)
    return Document(reader.data, reader.complete, positions, tuple(reader.faults), frozenset(reader.broken))


class _Stop(Exception):
    """Reading cannot go on; the fault is recorded."""


class _Reader:
    """One pass over the events of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.data: Any = None
        self.complete = False
        self.keys: dict[Steps, Mark] = {}
        self.values: dict[Steps, Mark] = {}
        self.faults: list[Fault] = []
        self.broken: set[Steps] = set()

    def fault(self, mark: Mark, path: Steps, message: str) -> None:
        self.faults.append(Positions(self.file, {}, {path: mark}).fault(path, message))

    def read(self, text: str) -> None:
        mark = Mark(1, 1)
        try:
            self._loader = yaml.SafeLoader(text)
            self._documents()
        except _Stop:
            pass
        except yaml.reader.ReaderError as error:
            mark = _mark_at(text[: error.position])
            self.fault(mark, (), f"got the character U+{error.character:04X}, wanted text that can be printed")
        except yaml.MarkedYAMLError as error:
            mark = _mark(error.problem_mark or error.context_mark)
            context = f" {error.context}" if error.context else ""
            self.fault(mark, (), f"not YAML:{context} {error.problem}".replace("\n", " "))
        except (ValueError, OverflowError):
            # PyYAML's scanner lets these out: an escape such as "\UFFFFFFFF", a version number of thousands of digits.
            self.fault(_mark(self._loader.get_mark()), (), "not YAML: an escape or a number beyond all bounds")

    def _documents(self) -> None:
        self._next()  # the start of the stream
        if not isinstance(self._next(), yaml.StreamEndEvent):
            self.data = self._value(self._next(), (), 1)
            self._next()  # the end of the document
            self.complete = True
            event = self._next()
            if not isinstance(event, yaml.StreamEndEvent):
                self.fault(_mark(event.start_mark), (), "a second document; wanted one document a file")
        self.complete = True

    def _next(self) -> Any:
        return self._loader.get_event()  # type: ignore[no-untyped-call]

    def _value(self, event: Any, path: Steps, depth: int) -> Any:
        mark = _mark(event.start_mark)
        self.values.setdefault(path, mark)
        if depth > MAX_DEPTH:
            self.fault(mark, path[:4], f"nested more than {MAX_DEPTH} deep; nothing in a manifest is")
            raise _Stop
        self._refuse_cleverness(event, mark, path)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path, depth)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, mark, path)
        return None  # an alias, refused above

    def _refuse_cleverness(self, event: Any, mark: Mark, path: Steps) -> None:
        """Anchors, aliases and tags: a manifest says each thing where it holds."""
        if isinstance(event, yaml.AliasEvent):
            self._break(mark, path, f"got the alias *{shown_bare(str(event.anchor))}; aliases are not read: write the value out")
            return
        if event.anchor is not None:
            self.fault(mark, path, f"got the anchor &{shown_bare(event.anchor)}; anchors are not read: remove it")
        if event.tag is not None:
            tag = event.tag.replace(_TAG, "!!")
            self._break(mark, path, f"got the tag {shown(tag)}; tags are not read: remove it (quotes make a value text)")

    def _break(self, mark: Mark, path: Steps, message: str) -> None:
        self.broken.add(path)
        self.fault(mark, path, message)

    def _sequence(self, path: Steps, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items)), depth + 1))
        return items

    def _mapping(self, path: Steps, depth: int) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            mark = _mark(event.start_mark)
            key = self._key(event, path, depth)
            if key is None:
                self._value(self._next(), (*path, "?"), depth + 1)
                continue
            if key in items:
                first = self.keys[*path, key]
                self.fault(mark, (*path, key), f"the key stands twice, first in line {first.line}; wanted once")
            self.keys.setdefault((*path, key), mark)
            items.setdefault(key, self._value(self._next(), (*path, key), depth + 1))
        return items

    def _key(self, event: Any, path: Steps, depth: int) -> str | None:
        """A key, which is text; None when it is not, and then it is a fault."""
        mark = _mark(event.start_mark)
        if not isinstance(event, yaml.ScalarEvent):
            self.fault(mark, path, "got a key that is no plain text; wanted a name")
            self._value(event, (*path, "?"), depth + 1)
            return None
        self._refuse_cleverness(event, mark, path)
        kind = self._kind(event)
        if kind in _WORDS and event.value and path[2:3] == ("rebalance",) and len(path) == 4:  # keys there are values of the source
            return event.value.lower() if event.value.lower() in ("true", "false") else str(event.value)
        if kind in _WORDS:
            got = f"{shown_bare(event.value)}, which YAML reads as {_WORDS[kind]}" if event.value else "an empty key"
            self.fault(mark, path, f"got {got}; wanted a name: put it in quotes")
            return None
        return self._text(event.value, mark, path)

    def _kind(self, event: Any) -> str:
        tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]
        return str(tag).removeprefix(_TAG)

    def _scalar(self, event: Any, mark: Mark, path: Steps) -> Any:
        kind = self._kind(event)
        if kind not in _WORDS:
            return self._text(event.value, mark, path)
        if self.values[path] == mark:  # not of a key that stands twice
            self.values[path] = Mark(mark.line, mark.column, event.value)
        if kind == "null":
            return None
        value = self._constructed(kind, event.value)
        fits = math.isfinite(value) if isinstance(value, float) else -_NUMBER_BOUND < value < _NUMBER_BOUND
        if not fits:
            self._break(
                mark, path, f"got {shown(event.value)}, which YAML reads as a number; wanted a finite one below 2^63, or quotes for text"
            )
        return value

    def _constructed(self, kind: str, text: str) -> bool | int | float:
        """What YAML says a bare word is; not a number when it is none (`0x_`) or too long to be meant."""
        build: Callable[[yaml.ScalarNode], bool | int | float] = getattr(self._loader, f"construct_yaml_{kind}")
        try:
            return build(yaml.ScalarNode(_TAG + kind, text)) if len(text) <= _NUMBER_LENGTH else math.nan
        except (ValueError, OverflowError):
            return math.nan

    def _text(self, text: str, mark: Mark, path: Steps) -> str:
        unprintable = next((character for character in text if not can_be_written(character)), None)
        if unprintable is not None:
            self._break(mark, path, f"got the character U+{ord(unprintable):04X}; wanted text that can be printed")
            return ""
        return text


def can_be_written(text: str) -> bool:
    """Whether a text may stand in a manifest, escaped where need be: no control characters, no halves of characters."""
    return all(unicodedata.category(character) not in ("Cc", "Cs") or character in "\n\t" for character in text)


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)


def _mark_at(before: str) -> Mark:
    """The place that comes right after this text."""
    return Mark(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
