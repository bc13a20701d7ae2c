"""`twin budget`: what was spent of an account, on which releases, what is left of it, and when the schedule will have used it up."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.private_faults import resolved_privacy
from warehouse_twin.releases.ledger import Account, Entry, Ledger, measurements_left, spent_on
from warehouse_twin.releases.registry import registry_of
from warehouse_twin.settings import Settings
from warehouse_twin.stages.measuring import cost_of

AS_CRON = {"@quarterly": "0 0 1 */3 *"}
"""Presets of Airflow that cron has no word for."""


@dataclass(frozen=True, slots=True)
class Debit:
    """What one measurement cost: rho, and epsilon by itself at the budget's delta; `state` is how far it came."""

    twin: str
    release: int
    at: str
    epsilon: float
    state: str


@dataclass(frozen=True, slots=True)
class Statement:
    """An account at the budget's δ: ε spent in all, ε of the budget, measurements left, and the day on which the last is used."""

    account: str
    epsilon: float
    delta: float
    spent: float
    measurements_left: int
    measure: str
    runs_out: str | None
    debits: tuple[Debit, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        told = [f"{self.account}: epsilon {self.spent:.4g} of {self.epsilon:g} spent, at delta {self.delta:g}"]
        told += [f"  {each.at}  {each.twin}@{each.release}  epsilon {each.epsilon:.4g} by itself  {each.state}" for each in self.debits]
        if self.measure == "once":
            told.append("releases draw from what was measured once, at no cost; a changed manifest is measured anew")
        count = f"{self.measurements_left} more measurement{'' if self.measurements_left == 1 else 's'}"
        if self.runs_out is not None:
            count += f"; by the schedule the last of it is spent on {self.runs_out}"
        return [*told, f"left: enough for {count}"]


def statement(settings: Settings, manifest: Manifest, *, now: datetime | None = None) -> Statement:
    """The account of a manifest's source and entity. Raises ConfigurationError for one that promises nothing."""
    privacy = resolved_privacy(manifest)
    if privacy is None:
        raise ConfigurationError(f"{manifest.twin}: its manifest promises nothing, so nothing is spent; wanted one with privacy:")
    account = Account(manifest.source.warehouse, manifest.source.schema_, manifest.entity)
    entries = Ledger(registry_of(settings), account).entries()
    spent, delta = spent_on(entries), privacy.budget[1]
    left = measurements_left(spent, cost_of(privacy), privacy.budget)
    debits = tuple(
        Debit(entry.twin, entry.release, entry.at, entry.cost.epsilon(delta), _state(entries[place:]))
        for place, entry in enumerate(entries)
        if entry.state == "reserved"
    )
    runs_out = _runs_out(manifest, left, now or datetime.now(UTC)) if privacy.measure == "every_release" else None
    return Statement(account.label, privacy.budget[0], delta, spent.epsilon(delta), left, privacy.measure, runs_out, debits)


def _state(entries: tuple[Entry, ...]) -> str:
    """How far a reservation came, which is the first of these lines: until the next one of the same measurement."""
    state = entries[0].state
    for entry in entries[1:]:
        if entry.measurement == entries[0].measurement:
            if entry.state == "reserved":
                break
            state = entry.state
    return state


def _runs_out(manifest: Manifest, left: int, now: datetime) -> str | None:
    """The day of the run that spends the last; None without a schedule by the clock."""
    from croniter import croniter

    cron = manifest.schedule.cron if manifest.schedule is not None else None
    if cron is None or cron == "@once":
        return None
    ticks = croniter(AS_CRON.get(cron, cron), now)
    day = now
    for _ in range(left):
        day = ticks.get_next(datetime)
    return day.date().isoformat()
