"""What a look at one thing found, and how errors become findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from warehouse_twin.errors import LockedError, TwinError

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `warn`: a run may do without. `mend` is a command or what to do; nothing when all is well."""

    name: str
    status: Status
    what: str
    mend: str = ""

    def line(self, width: int) -> str:
        mend = f"; next: {self.mend}" if self.mend else ""
        return f"{self.status:<4}  {self.name:<{width}}  {self.what}{mend}"

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "status": self.status, "what": self.what, "mend": self.mend}


def looked(name: str, look: Callable[[], Iterable[Finding]], *, mend: str = "") -> Iterator[Finding]:
    """What `look` finds; an error of it is a finding too, to be mended as its message says, else by `mend`.

    Of an error that is not ours only the kind is told: its message may quote a secret.
    """
    try:
        yield from look()
    except LockedError as error:
        yield Finding(name, "warn", _first(error).removeprefix(f"{name}: "), "wait until it has ended, and ask again")
    except TwinError as error:
        what, _, step = _first(error).removeprefix(f"{name}: ").partition("; next: ")
        yield Finding(name, "fail", what, step or mend)
    except Exception as error:
        yield Finding(name, "fail", f"cannot be looked at: {type(error).__name__}", mend)


def _first(error: Exception) -> str:
    return str(error).splitlines()[0]
