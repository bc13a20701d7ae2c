"""Links of the chain from a release back to its source, each whole or broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from warehouse_twin.errors import TwinError

PRESENT = "present"
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Link:
    """One thing that was checked: its name, what was compared, what should have been found and what was."""

    name: str
    what: str
    ok: bool
    expected: str
    got: str

    @property
    def group(self) -> str:
        """The part of the chain it belongs to: `git`, `data`, `dvc`, `model` …"""
        return self.name.partition("/")[0]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.name}: {self.what}: expected {self.expected}, got {self.got}"


@dataclass
class Chain:
    """Collects links. A thing that is missing or cannot be read becomes a broken link; nothing is raised."""

    links: list[Link] = field(default_factory=list)

    def equal(self, name: str, what: str, expected: object, got: object) -> None:
        self.links.append(Link(name, what, got == expected, str(expected), str(got)))

    def check(self, name: str, what: str, expected: object, find: Callable[[], object]) -> None:
        """Compare what `find` returns; an error of it is what was got."""
        try:
            got = find()
        except Exception as error:  # whatever a damaged file does to its reader, it is a finding
            self.broken(name, what, expected, error)
        else:
            self.equal(name, what, expected, got)

    def read(self, name: str, what: str, find: Callable[[], Found]) -> Found | None:
        """What `find` returns, or None and a broken link."""
        try:
            return find()
        except Exception as error:
            self.broken(name, what, PRESENT, error)
            return None

    def broken(self, name: str, what: str, expected: object, error: Exception) -> None:
        self.links.append(Link(name, what, False, str(expected), in_words(error)))


def in_words(error: Exception) -> str:
    """An error as it may be shown: ours whole, the system's by its words, any other by its kind (its text may hold values)."""
    if isinstance(error, TwinError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return "missing"
    if isinstance(error, OSError) and error.strerror:
        return f"unreadable: {error.strerror}"
    return f"unreadable: {type(error).__name__}"
