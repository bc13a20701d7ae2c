"""The ledger: what was spent of each account's budget of privacy, in the registry, line by line, each naming the one before.

    budget/<account>.jsonl     one account a source and entity; committed to the registry's git with every line

A measurement is `reserved` before any data is read, `begun` before noise is drawn, and `kept` once it is stored. What was begun is spent,
whether it was kept or not; what was only reserved is spent too, and used by the next run of the same measurement. Nothing here is ever
taken back: rolling back a release, or losing the measurement, restores no budget.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from warehouse_twin.digests import digest_of
from warehouse_twin.errors import ConfigurationError, IntegrityError, TerminalError
from warehouse_twin.locking import exclusive
from warehouse_twin.privacy.accounting import Cost
from warehouse_twin.releases.registry import Registry
from warehouse_twin.workspace import write_text

FOLDER = "budget"
_NOTHING = Cost()
State = Literal["reserved", "begun", "kept"]


@dataclass(frozen=True, slots=True)
class Account:
    """Whose privacy is spent: the source's schema by the names that manifests use, and the entity's table (None: every row)."""

    warehouse: str
    schema: str
    entity: str | None

    @property
    def name(self) -> str:
        return digest_of([self.warehouse, self.schema, self.entity])[:20]

    @property
    def path(self) -> str:
        """Relative to the registry."""
        return f"{FOLDER}/{self.name}.jsonl"

    @property
    def label(self) -> str:
        return f"{self.warehouse}.{self.schema}, {f'a row of {self.entity}' if self.entity else 'a row'}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line: what happened to a measurement of a twin for a release. Only a `reserved` one has a cost."""

    state: State
    measurement: str
    twin: str
    release: int
    at: str
    cost: Cost = _NOTHING
    digest: str = ""
    """of what was kept"""

    def to_dict(self) -> dict[str, Any]:
        whole = {"state": self.state, "measurement": self.measurement, "twin": self.twin, "release": self.release, "at": self.at}
        if self.state == "reserved":
            whole |= {"rho": self.cost.rho, "delta": self.cost.delta}
        return whole | ({"digest": self.digest} if self.digest else {})

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Entry:
        known = {name: value[name] for name in ("state", "measurement", "twin", "release", "at")}
        return cls(**known, cost=Cost(value.get("rho", 0.0), value.get("delta", 0.0)), digest=value.get("digest", ""))


class OverdrawnError(TerminalError):
    """A measurement would cost more than is left."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The lines of one account."""

    registry: Registry
    account: Account

    @property
    def file(self) -> Path:
        return self.registry.root / self.account.path

    def entries(self) -> tuple[Entry, ...]:
        """All lines, oldest first. Raises IntegrityError where one does not follow from the one before, or committed ones are gone."""
        text = self.file.read_text(encoding="utf-8") if self.file.exists() else ""
        history = self.registry.history
        if history.begun and self.account.path in history.files("HEAD", FOLDER):
            committed = history.read("HEAD", self.account.path)
            if not text.startswith(committed):
                raise IntegrityError(
                    f"{self.file}: lines that were committed are gone or changed; next: git -C <registry> checkout {self.account.path}"
                )
        found, before = [], ""
        for number, line in enumerate(text.splitlines(), start=1):
            value = json.loads(line)
            if value.get("before") != before:
                raise IntegrityError(
                    f"{self.file}:{number}: does not follow from the line before; the ledger was altered; nothing is spent"
                )
            found.append(Entry.from_dict(value))
            before = digest_of(line)
        return tuple(found)

    def spent(self) -> Cost:
        return spent_on(self.entries())

    def state(self, measurement: str) -> Entry | None:
        return newest(self.entries(), measurement)

    def reserve(self, measurement: str, cost: Cost, budget: tuple[float, float], *, twin: str, release: int, again: bool = False) -> bool:
        """Spend `cost` on a measurement, unless that is done; whether it was spent now.

        `again` says that what was kept is gone. Raises OverdrawnError, and writes nothing, where (ε, δ) `budget` would not cover all
        that was ever spent of the account.
        """
        epsilon, delta = budget
        with exclusive(self.registry.lock, wait_seconds=self.registry.lock_seconds):
            entries = self.entries()
            last = newest(entries, measurement)
            if last is not None and (last.state == "reserved" or (last.state == "kept" and not again)):
                return False
            spent = spent_on(entries)
            total = (spent + cost).epsilon(delta)
            if total > epsilon * (1 + 1e-6):
                raise OverdrawnError(
                    f"{twin}@{release}: nothing was read. A measurement costs epsilon {cost.epsilon(delta):.4g} at delta {delta:g}; of "
                    f"{self.account.label}, {spent.epsilon(delta):.4g} are spent, and {total:.4g} would be more than the budget of "
                    f"{epsilon:g}; next: privacy: {{measure: once}} draws from what is measured, or a larger budget in the manifest"
                )
            self._append(Entry("reserved", measurement, twin, release, _now(), cost))
        return True

    def begin(self, measurement: str, *, twin: str, release: int) -> None:
        """Say that noise is drawn from now on. Raises ConfigurationError for what is not reserved."""
        with exclusive(self.registry.lock, wait_seconds=self.registry.lock_seconds):
            last = self.state(measurement)
            if last is None or last.state != "reserved":
                raise ConfigurationError(f"{twin}@{release}: no budget is reserved for this measurement; next: twin resolve {twin}")
            self._append(Entry("begun", measurement, twin, release, _now()))

    def keep(self, measurement: str, digest: str, *, twin: str, release: int) -> None:
        """Say that the measurement is stored, with its digest."""
        with exclusive(self.registry.lock, wait_seconds=self.registry.lock_seconds):
            self._append(Entry("kept", measurement, twin, release, _now(), digest=digest))

    def _append(self, entry: Entry) -> None:
        before = self.file.read_text(encoding="utf-8") if self.file.exists() else ""
        lines = before.splitlines()
        line = json.dumps({**entry.to_dict(), "before": digest_of(lines[-1]) if lines else ""}, sort_keys=True)
        write_text(self.file, f"{before}{line}\n")
        self.registry.history.begin()
        self.registry.history.commit([self.account.path], f"Budget: {entry.state} for {entry.twin}@{entry.release}")


def spent_on(entries: Iterable[Entry]) -> Cost:
    """What all of it cost together."""
    return sum((entry.cost for entry in entries), Cost())


def newest(entries: Iterable[Entry], measurement: str) -> Entry | None:
    """The newest line about a measurement."""
    last = None
    for entry in entries:
        last = entry if entry.measurement == measurement else last
    return last


def measurements_left(spent: Cost, cost: Cost, budget: tuple[float, float], *, at_most: int = 10_000) -> int:
    """How many more measurements of this cost the budget covers."""
    epsilon, delta = budget
    found = 0
    while found < at_most and (spent := spent + cost).epsilon(delta) <= epsilon * (1 + 1e-6):
        found += 1
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
