"""The links in MLflow: the release's run, its tables' runs, their artefacts, and the registered models."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from warehouse_twin.digests import digest_file, digest_of
from warehouse_twin.errors import IntegrityError
from warehouse_twin.lineage import naming
from warehouse_twin.lineage.describing import NOTE, of_release, of_table
from warehouse_twin.lineage.links import Chain
from warehouse_twin.lineage.reading import LineageReader, LineageRecord, RunRecord, VersionRecord, reading
from warehouse_twin.lineage.release_files import tagged_file
from warehouse_twin.lineage.release_links import ReleaseFacts
from warehouse_twin.lineage.values import Values, gate_values, plain_values, resolve_values, train_values
from warehouse_twin.lineage.workspace_links import Receipts
from warehouse_twin.releases.registry import folder_of
from warehouse_twin.settings import Settings
from warehouse_twin.warehouses import Publication
from warehouse_twin.workspace import read_json


def check_mlflow(chain: Chain, settings: Settings, release: ReleaseFacts, receipts: Receipts, published: Publication | None) -> None:
    """Everything MLflow holds about the release. MLflow out of reach is one broken link."""
    try:
        with reading(settings, release.twin) as reader:
            record = reader.release(release.release)
            if not record.runs:
                raise IntegrityError(f"no run has the tag {naming.RELEASE} = {release.name}")
            chain.equal("mlflow/run", "runs of this release", 1, len(record.runs))
            _check_run(chain, record.runs[0], release, receipts)
            _check_artifacts(chain, reader, record, release)
            for item in release.resolved.protected:
                _check_table(chain, reader, record, item.name, release, receipts)
            _check_descriptions(chain, record)
            _check_published(chain, record, release, published)
            _check_values(chain, settings, record, release, receipts)
    except Exception as error:  # a damaged store may raise anything
        chain.broken("mlflow", "the lineage", "readable", error)


def _check_run(chain: Chain, run: RunRecord, release: ReleaseFacts, receipts: Receipts) -> None:
    facts = release.facts
    chain.equal("mlflow/run", "status", "FINISHED", run.status)
    chain.equal("mlflow/run", "its id in release.json", facts.get("mlflow_run_id"), run.run_id)
    for name, tag in naming.release_tags(facts, commit=release.commit, digest=release.digest).items():
        chain.equal(f"mlflow/run/{name}", "tag", tag, run.tags.get(name, "missing"))
    for (stage, table), receipt in receipts.items():
        if table is None and (stage != "train" or naming.receipt_tag(stage) in run.tags):
            tag = naming.receipt_tag(stage)
            chain.equal(f"receipt/{stage}", "its digest as MLflow has it", run.tags.get(tag, "missing"), naming.digest_of_receipt(receipt))
    for table, keyed in facts.get("sources", {}).items():
        _check_source(chain, run, f"mlflow/run/dataset {table}", release, table, keyed)


def _received(receipts: Receipts, stage: str, name: str) -> str | None:
    receipt = receipts.get((stage, None))
    return None if receipt is None else receipt.digests.get(name)


def _check_source(chain: Chain, run: RunRecord, name: str, release: ReleaseFacts, table: str, keyed: str) -> None:
    found = {source.name: source.digest for source in run.sources}
    expected = keyed[: naming.DATASET_DIGEST_CHARACTERS]
    chain.equal(name, "digest of the source as a dataset", expected, found.get(f"{release.resolved.source_schema}.{table}", "missing"))


def _check_artifacts(chain: Chain, reader: LineageReader, record: LineageRecord, release: ReleaseFacts) -> None:
    run = record.runs[0]
    for name in (*release.gate_files, "resolved.json"):
        path = f"{'resolve' if name == 'resolved.json' else 'gate'}/{name}"
        digest = release.files.get(name)
        chain.equal(f"mlflow/{path}", "digest in the run's tag", digest, run.tags.get(naming.file_tag(name), "missing"))
        chain.check(f"mlflow/{path}", "sha256 of the artefact", digest, partial(reader.artifact_digest, run.run_id, path))
    attempts = run.tags.get(naming.file_tag(naming.ATTEMPTS))
    if attempts is not None:
        here, path = reader.settings.workspace.run(release.twin, release.release) / naming.ATTEMPTS, f"gate/{naming.ATTEMPTS}"
        chain.check(f"run/{naming.ATTEMPTS}", "its digest as MLflow has it", attempts, partial(digest_file, here))
        chain.check(f"mlflow/{path}", "sha256 of the artefact", attempts, partial(reader.artifact_digest, run.run_id, path))


def _check_table(chain: Chain, reader: LineageReader, record: LineageRecord, table: str, release: ReleaseFacts, receipts: Receipts) -> None:
    """A protected table's run: source, profile, model."""
    group, facts = f"mlflow/{table}", release.facts
    run = record.tables.get(table)
    if run is None:
        chain.equal(group, "the run of the table", "present", "missing")
        return
    keyed, profile, model = (facts.get(part, {}).get(table) for part in ("sources", "profiles", "models"))
    if release.promised:
        keyed, profile = _received(receipts, "resolve", f"source/{table}"), _received(receipts, "profile", f"{table}.json")
    chain.equal(f"{group}/source", "digest in the tag", keyed, run.tags.get(naming.SOURCE_DIGEST, "missing"))
    if keyed is not None:
        _check_source(chain, run, f"{group}/dataset", release, table, keyed)
    path = f"profile/{table}.json"
    chain.equal(f"{group}/profile", "digest in the tag", profile, run.tags.get(naming.PROFILE_DIGEST, "missing"))
    chain.check(f"{group}/profile", "sha256 of the artefact", profile, partial(reader.artifact_digest, run.run_id, path))
    receipt = receipts.get(("train", table))
    if receipt is not None:
        tag = naming.receipt_tag("train")
        known = run.tags.get(tag, "missing")
        chain.equal(f"receipt/train/{table}", "its digest as MLflow has it", known, naming.digest_of_receipt(receipt))
    if model is not None:
        chain.equal(f"{group}/model", "digest in the tag", model["digest"], run.tags.get(naming.MODEL_DIGEST, "missing"))
        _check_version(chain, reader, record, run, model)


def _check_version(chain: Chain, reader: LineageReader, record: LineageRecord, run: RunRecord, model: Mapping[str, Any]) -> None:
    group, number = f"mlflow/{run.table}/registered model", run.tags.get(naming.MODEL_VERSION, "missing")
    version = next((item for item in record.versions if item.table == run.table and item.version == number), None)
    if version is None:
        chain.equal(group, "the version that the run names", number, "missing")
        return
    chain.equal(group, "digest of the model it stands for", model["digest"], version.digest)
    chain.equal(group, "synthesizer", model["synthesizer"], version.tags.get("twin.synthesizer", "missing"))
    wanted = version.tags.get(naming.MODEL_FILES, "missing")
    chain.check(group, "digest of its files", wanted, partial(reader.version_digest, version))


def _check_descriptions(chain: Chain, record: LineageRecord) -> None:
    """What the pages say is what the tags say. Runs of before there were descriptions have none."""
    whole = record.runs[0]
    pages = {name: run.run_id for name, run in record.tables.items()}
    texts: dict[str | None, str] = {None: of_release(whole.tags, pages, experiment=whole.experiment)}
    for name, run in record.tables.items():
        texts[name] = of_table(run.tags, run.params, whole.tags, whole.params, experiment=run.experiment, run=run.run_id)
    for table, text in texts.items():
        described = whole if table is None else record.tables[table]
        if NOTE in described.tags:
            got = digest_of(described.tags[NOTE])
            chain.equal(f"mlflow/{table or 'run'}/description", "digest of what the tags make of it", digest_of(text), got)


def _check_values(chain: Chain, settings: Settings, record: LineageRecord, release: ReleaseFacts, receipts: Receipts) -> None:
    """Parameters, metrics and tags: what receipts, scores and verdict say should stand there."""
    folder = folder_of(release.twin, release.release)

    def document(name: str) -> Any:
        if release.promised:
            return read_json(settings.workspace.root / receipts["gate", None].output / name)
        return json.loads(tagged_file(settings.workspace.registry, release.name, f"{folder}/{name}"))

    accounts = []
    if not release.promised or ("gate", None) in receipts:
        accounts.append(gate_values(release.resolved, document("scores.json"), document("verdict.json")))
    for (stage, table), receipt in receipts.items():
        if stage == "resolve":
            accounts.append(resolve_values(release.resolved, receipt))
        elif stage == "train" and table is not None:
            accounts.append({table: train_values(receipt)})
        elif stage in ("synthesize", "materialize"):
            accounts.append(plain_values(receipt))
    for account in accounts:
        for table, values in account.items():
            run = record.runs[0] if table is None else record.tables.get(table)
            if run is not None:
                _check_run_values(chain, f"mlflow/{table or 'run'}", run, values)


def _check_run_values(chain: Chain, group: str, run: RunRecord, values: Values) -> None:
    for name, value in values.params.items():
        now = run.tags.get(naming.key(f"twin.now.{name}"), run.params.get(naming.key(name), "missing"))
        chain.equal(f"{group}/{name}", "parameter", str(value), now)
    for name, number in values.metrics.items():
        chain.equal(f"{group}/{name}", "metric", float(number), run.metrics.get(naming.key(name), "missing"))
    for name, curve in values.curves.items():
        last = next((value for value in reversed(curve) if math.isfinite(value)), None)
        if last is not None:
            chain.equal(f"{group}/{name}", "metric of the last epoch", last, run.metrics.get(naming.key(name), "missing"))
    for name, value in values.tags.items():
        chain.equal(f"{group}/{name}", "tag", str(value), run.tags.get(naming.key(name), "missing"))


def _check_published(chain: Chain, record: LineageRecord, release: ReleaseFacts, published: Publication | None) -> None:
    """The warehouse's `_release` row is the truth; tags and aliases follow it."""
    shown = () if published is None else (naming.release_name(published.twin, published.release),)
    chain.equal("mlflow/published", "releases whose run says readers see them", shown, record.published)
    if shown != (release.name,):
        return
    expected = {table: model["digest"] for table, model in release.facts.get("models", {}).items()}
    chain.equal("mlflow/alias published", "digests of the models it is on", expected, _aliased(record.versions))


def _aliased(versions: tuple[VersionRecord, ...]) -> dict[str, str]:
    return {version.table: version.digest for version in versions if version.published}
