"""The models of a twin over its releases, as MLflow has them: who was published, who challenged, and who is worth having."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from warehouse_twin.lineage import naming
from warehouse_twin.lineage.reading import RunRecord, reading
from warehouse_twin.metrics.pareto import Figures, pareto_front
from warehouse_twin.settings import Settings

_CHALLENGER = "challenger."


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A synthesizer in one release of one table. `front`: no other one of that release and table beats it in all three figures.

    `role` is `published` or `challenger`; figures that were never measured (the gate did not run) are None.
    """

    release: int
    verdict: str | None
    table: str
    synthesizer: str
    role: str
    fidelity: float | None
    privacy: float | None
    seconds: float | None
    front: bool

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def model_history(settings: Settings, twin: str) -> list[ModelRecord]:
    """All models of a twin, releases oldest first, tables by name. Raises TransientError when MLflow cannot be reached."""
    with reading(settings, twin) as reader:
        runs = reader.history()
    return [record for release, run, tables in runs for name in sorted(tables) for record in _records(release, run, tables[name])]


def _records(release: int, run: RunRecord, table: RunRecord) -> Iterator[ModelRecord]:
    models = list(_models(table))
    seconds = [table.metrics.get(f"{prefix}train_seconds") for _, _, prefix in models]
    figures = [Figures.of(_below(table.metrics, prefix), cost=cost) for (_, _, prefix), cost in zip(models, seconds, strict=True)]
    for (name, role, _), own, cost, front in zip(models, figures, seconds, pareto_front(figures), strict=True):
        verdict = run.tags.get(naming.VERDICT)
        yield ModelRecord(release, verdict, str(table.table), name, role, own.fidelity, own.privacy, cost, front)


def _models(table: RunRecord) -> Iterator[tuple[str, str, str]]:
    """Synthesizer, role and the prefix of its parameters and metrics; the floor is no model anybody may want."""
    for name, value in sorted(table.params.items()):
        if name == "synthesizer":
            yield table.tags.get(naming.key("twin.now.synthesizer"), value), "published", ""
    for name, value in sorted(table.params.items()):
        if name.startswith(_CHALLENGER) and name.endswith(".synthesizer"):
            yield value, "challenger", name.removesuffix("synthesizer")


def _below(metrics: Mapping[str, float], prefix: str) -> dict[str, float]:
    return {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}
