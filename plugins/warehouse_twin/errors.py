"""Every error this package raises.

    TwinError
    ├── TerminalError            trying again cannot help: Airflow must not retry
    │   ├── ConfigurationError   the manifest, the environment or the command line is wrong
    │   │   └── ManifestError    every fault of one manifest, with file, line and column
    │   ├── SourceError          the source is not what the manifest says, or changed while it was read
    │   └── IntegrityError       an artefact's digest is not the one recorded
    └── TransientError           a lock, a server, a full disk: trying again later may help
        └── LockedError          somebody else holds the twin, the warehouse or the registry

A failed verdict is none of these: it is a value (`gates.verdict.Verdict`).
A message says what, where, what was got, what was wanted and the next step, and never a value from a protected table.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass


class TwinError(Exception):
    """Anything warehouse-twin raises on purpose. Messages hold no real value."""


class TerminalError(TwinError):
    """Trying again cannot help."""


class TransientError(TwinError):
    """Trying again later may help."""


class ConfigurationError(TerminalError):
    """The manifest, the environment or the command line is wrong."""


class SourceError(TerminalError):
    """The source is not what the manifest says, or changed while it was read."""


class IntegrityError(TerminalError):
    """An artefact's digest is not the one that was recorded."""


class LockedError(TransientError):
    """Somebody else holds the twin, the warehouse or the registry."""


_OF_A_DISK = (
    *(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)),
    "database or disk is full",  # SQLite
    "disk I/O error",
)


def of_a_disk(text: str) -> str:
    """What a disk that takes no more, or fails, is called in a message or a traceback of whichever tool; empty for any other matter."""
    return next((words for words in _OF_A_DISK if words in text), "")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a manifest: where it stands (1-based), what was got, what was wanted."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {where}{self.message}"


class ManifestError(ConfigurationError):
    """All faults of one manifest at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.file, fault.line, fault.column)))
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[ManifestError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)
