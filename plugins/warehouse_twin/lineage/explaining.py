"""The chain of a release in words: from the rows readers see, link by link, to the digest of the source.

Nothing is checked here. Each step says what it rests on and how many of the links that an audit checked speak for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from warehouse_twin.lineage import naming
from warehouse_twin.lineage.links import Link
from warehouse_twin.lineage.reading import LineageRecord
from warehouse_twin.lineage.release_links import ReleaseFacts
from warehouse_twin.lineage.workspace_links import Receipts
from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.warehouses import Publication

UNKNOWN = "not known"
STAGES = ("resolve", "profile", "train", "synthesize", "materialize", "gate", "release", "publish")
"""What links about files of a stage begin with."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step back: of the release (`table` None) or of a table; the links that speak for it, by what their names begin with."""

    table: str | None
    title: str
    words: str
    about: tuple[str, ...]
    whole: int = 0
    broken: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Known:
    """What the steps are told from."""

    release: ReleaseFacts
    receipts: Receipts
    record: LineageRecord | None
    published: Publication | None

    def fact(self, stage: str, name: str, table: str | None = None) -> Any:
        receipt = self.receipts.get((stage, table))
        return None if receipt is None else receipt.facts.get(name)

    def output(self, stage: str, table: str | None = None) -> str:
        receipt = self.receipts.get((stage, table))
        return UNKNOWN if receipt is None else receipt.output

    @property
    def schema(self) -> str:
        return f"{self.release.resolved.target_schema}__r{self.release.release}"


def explained(known: Known, links: Sequence[Link], *, tables: Sequence[str]) -> list[Step]:
    """Steps of the release, then of each table, each with the links that speak for it."""
    steps = [step(known) for step in _OF_RELEASE]
    for item in known.release.resolved.tables:
        if item.name in tables:
            steps += [step(known, item) for step in (_REFERENCE if item.keep_real else _PROTECTED)]
    return [_judged(step, links) for step in steps]


def lines(steps: Sequence[Step]) -> list[str]:
    """For a person: a heading for the release and each table, then a step a line, what is broken below it."""
    told: list[str] = []
    before: str | None = ""
    for step in steps:
        if step.table != before:
            told += ["", "the release" if step.table is None else f"table {step.table}"]
            before = step.table
        state = "BROKEN" if step.broken else f"{step.whole} whole" if step.whole else "no link"
        told.append(f"  {step.title:<9} {state:<9} {step.words}")
        told += [f"{'':<22}BROKEN {text}" for text in step.broken]
    return told


def _judged(step: Step, links: Sequence[Link]) -> Step:
    mine = [link for link in links if any(link.name == about or link.name.startswith(f"{about}/") for about in step.about)]
    broken = tuple(str(link) for link in mine if not link.ok)
    return Step(step.table, step.title, step.words, step.about, len(mine) - len(broken), broken)


# ── of the release ───────────────────────────────────────────────────────────────────────────────────────────────────


def _readers(known: Known) -> Step:
    release, resolved, row = known.release, known.release.resolved, known.published
    where = f"schema {resolved.target_schema} of warehouse {resolved.target_warehouse}"
    if row is not None and (row.twin, row.release) == (release.twin, release.release):
        words = f"readers see it: the views of {where} and its row `_release`, since {row.published_at}"
    else:
        other = "nothing" if row is None else naming.release_name(row.twin, row.release)
        words = f"readers do not see it: {where} shows {other}"
    return Step(None, "readers", words, ("warehouse/_release", "warehouse/schemas", "mlflow/published"))


def _registry(known: Known) -> Step:
    release = known.release
    words = f"git tag {release.name} on commit {release.commit}; release.json there has sha256 {release.digest}"
    return Step(None, "registry", words, ("git", "registry", "data", "dvc/data.dvc", "dvc/cache/data.dvc", "dvc/remote/data.dvc"))


def _build(known: Known) -> Step:
    facts = known.release.facts
    words = f"dbt run {facts.get('dbt_invocation', UNKNOWN)} built schema {known.schema}; digest of all rows {facts.get('data_digest')}"
    return Step(None, "build", words, ("materialize", "receipt/materialize", f"warehouse/{known.schema}"))


def _checks(known: Known) -> Step:
    counted = f"{known.fact('gate', 'evaluated')} of {known.fact('gate', 'expected')} expectations evaluated"
    words = f"verdict {known.fact('gate', 'verdict') or UNKNOWN}, {counted}; {known.output('gate')}/report.html"
    return Step(None, "checks", words, ("gate", "receipt/gate", "mlflow/gate", f"run/{naming.ATTEMPTS}"))


def _draw(known: Known) -> Step:
    resolved, number = known.release.resolved, known.release.release
    words = f"every draw comes from the manifest's seed {resolved.seed} and the release number {number}"
    return Step(None, "draw", words, ("synthesize", "receipt/synthesize"))


def _manifest(known: Known) -> Step:
    facts, name = known.release.facts, known.release.name
    words = f"manifest with sha256 {facts.get('manifest_digest', UNKNOWN)}, code at commit {facts.get('code', UNKNOWN)}"
    return Step(None, "manifest", words, (f"git/{name}/manifest.yml", f"git/{name}/resolved.json", "mlflow/resolve"))


def _stages(known: Known) -> Step:
    release = known.release
    place = f"runs/{release.twin}/{release.release}/receipts"
    words = f"receipts in {place}, each with the keys of those before it and the digests of its files"
    return Step(None, "stages", words, ("receipt", "newest", "run", *STAGES))


def _mlflow(known: Known) -> Step:
    run = known.record.runs[0] if known.record and known.record.runs else None
    where = UNKNOWN if run is None else f"#/experiments/{run.experiment}/runs/{run.run_id}"
    words = f"experiment {known.release.twin}, run {known.release.name}, page {where}"
    return Step(None, "mlflow", words, ("mlflow", "mlflow/run", "mlflow/alias published"))


# ── of a table ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows(known: Known, item: ResolvedTable) -> Step:
    name, schema = item.name, known.release.resolved.target_schema
    table: Mapping[str, Any] = known.release.facts.get("tables", {}).get(name, {})
    file = known.release.facts.get("files", {}).get(f"data/{name}.parquet", UNKNOWN)
    words = f"{table.get('rows', UNKNOWN)} rows with digest {table.get('digest', UNKNOWN)}; data/{name}.parquet has sha256 {file}"
    stores = tuple(f"dvc/{store}/{name}.parquet" for store in ("cache", "remote"))
    return Step(name, "rows", words, (f"warehouse/{schema}.{name}", f"warehouse/{known.schema}.{name}", f"data/{name}.parquet", *stores))


def _model(known: Known, item: ResolvedTable) -> Step:
    name = item.name
    model: Mapping[str, Any] = known.release.facts.get("models", {}).get(name, {})
    run = None if known.record is None else known.record.tables.get(name)
    version = UNKNOWN if run is None else run.tags.get(naming.MODEL_VERSION, UNKNOWN)
    where = f"{known.output('train', name)}/{model.get('synthesizer', '')}"
    words = f"drawn by {model.get('synthesizer', UNKNOWN)} with digest {model.get('digest', UNKNOWN)}, which lies in {where}; "
    words += f"MLflow model {naming.model_name(known.release.twin, name)} version {version}"
    about = (f"model/{name}", f"train/{name}", f"receipt/train/{name}", f"mlflow/{name}/model", f"mlflow/{name}/registered model")
    return Step(name, "model", words, about)


def _profile(known: Known, item: ResolvedTable) -> Step:
    name, digest = item.name, known.release.facts.get("profiles", {}).get(item.name, UNKNOWN)
    words = f"which learned from the profile {known.output('profile')}/{name}.json, sha256 {digest}"
    return Step(name, "profile", words, (f"profile/{name}.json", f"mlflow/{name}/profile"))


def _source(known: Known, item: ResolvedTable) -> Step:
    name, resolved = item.name, known.release.resolved
    rows, held = ((known.fact("resolve", fact) or {}).get(name, UNKNOWN) for fact in ("rows", "holdout"))
    split = "passed through as it is" if item.keep_real else f"{held} of them held out, which no synthesizer saw"
    digest = known.release.facts.get("sources", {}).get(name, UNKNOWN)
    words = f"warehouse://{resolved.source_warehouse}/{resolved.source_schema}/{name}: {rows} rows, {split}; keyed digest {digest}"
    return Step(name, "source", words, (f"source/{name}", f"mlflow/{name}/source", f"mlflow/{name}/dataset", f"mlflow/run/dataset {name}"))


def _page(known: Known, item: ResolvedTable) -> Step:
    run = None if known.record is None else known.record.tables.get(item.name)
    where = UNKNOWN if run is None else f"#/experiments/{run.experiment}/runs/{run.run_id}"
    return Step(item.name, "mlflow", f"run {item.name}, page {where}", (f"mlflow/{item.name}",))


_OF_RELEASE: tuple[Callable[[Known], Step], ...] = (_readers, _registry, _build, _checks, _draw, _stages, _manifest, _mlflow)
_PROTECTED: tuple[Callable[[Known, ResolvedTable], Step], ...] = (_rows, _model, _profile, _source, _page)
_REFERENCE: tuple[Callable[[Known, ResolvedTable], Step], ...] = (_rows, _source)
