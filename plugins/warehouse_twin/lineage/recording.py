"""What the pipeline tells MLflow after every stage: one run a release, a child run a protected table.

`record` may be called again with the same receipt (a hit, a retry, a rerun after a kill) and then changes nothing: the
receipt's digest is set as a tag of the run when all else is written, and whatever was half written is written again the same.
No row, no model file and nothing of the secure zone goes to MLflow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from warehouse_twin.digests import digest_file, digest_of
from warehouse_twin.errors import IntegrityError
from warehouse_twin.lineage import naming
from warehouse_twin.lineage.release_files import commit_of, release_file
from warehouse_twin.lineage.release_runs import ReleaseRun, open_run
from warehouse_twin.lineage.tracking import connected
from warehouse_twin.lineage.values import ByRun, gate_values, plain_values, resolve_values, train_values
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import Settings
from warehouse_twin.workspace import read_json

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One stage to write down: where, what for, and what it left behind."""

    run: ReleaseRun
    resolved: ResolvedTwin
    receipt: Receipt
    folder: Path | None
    table: str | None
    run_folder: Path

    def file(self, name: str) -> Path:
        """A file the stage left. Raises IntegrityError when it has no folder."""
        if self.folder is None:
            raise IntegrityError(f"{self.run.name}: the receipt of {self.receipt.stage} names no folder; wanted one with {name}")
        return self.folder / name

    def run_of(self, table: str) -> str:
        """The run that speaks of a table: its own if it is protected, else the release's."""
        return self.run.child(table) if any(item.name == table for item in self.resolved.protected) else self.run.run_id


def record(
    stage: str,
    *,
    settings: Settings,
    resolved: ResolvedTwin,
    release: int,
    receipt: Receipt,
    folder: Path | None,
    table: str | None = None,
    run_folder: Path,
) -> None:
    """Write a stage's receipt into MLflow, once.

    `folder` is where the stage left its files, `table` is given for `train` of one table. Raises TransientError when MLflow
    cannot be reached, LockedError when somebody else writes for too long, IntegrityError when a file is not the receipt's.
    """
    digest = naming.digest_of_receipt(receipt)
    tag = naming.receipt_tag(stage)
    # The receipt of resolve tells of the source alone: seeds and synthesizers stand in what was resolved.
    resolved_key = digest_of([digest, resolved.to_dict()]) if stage == "resolve" else None
    with connected(settings, create=True) as client:
        run = open_run(client, settings, twin=resolved.twin, release=release, resolved_key=resolved_key)
        entry = Entry(run, resolved, receipt, folder, table, run_folder)
        target = run.run_id if table is None else run.child(table)
        known = client.get_run(target).data.tags.get(tag) == digest
        if not known or stage == "publish":  # the alias follows the last publication, also back to a release published before
            _RECORDERS[stage](entry)
        if not known:
            run.describe(table=table)
            run.tags({tag: digest}, run_id=target)
            logger.info("%s: recorded %s%s", run.name, stage, "" if table is None else f" of {table}")


def _resolve(entry: Entry) -> None:
    from warehouse_twin.lineage.source_tables import dataset_of

    run, resolved = entry.run, entry.resolved
    _write(entry, resolve_values(resolved, entry.receipt))
    _file(entry, entry.run_folder / "resolved.json", digest=digest_file(entry.run_folder / "resolved.json"), folder="resolve")
    for item in resolved.tables:
        dataset = dataset_of(
            warehouse=resolved.source_warehouse,
            schema=resolved.source_schema,
            table=item.name,
            keyed_digest=entry.receipt.digests[f"source/{item.name}"],
            context="reference" if item.keep_real else "training",
        )
        for target in {run.run_id, entry.run_of(item.name)}:
            run.client.log_inputs(target, datasets=[dataset])


def _profile(entry: Entry) -> None:
    for item in entry.resolved.tables:
        name = f"{item.name}.json"
        digest = entry.receipt.digests.get(name)
        if digest is None:
            continue
        target = entry.run_of(item.name)
        entry.run.artifact(entry.file(name), digest=digest, folder="profile", run_id=target)
        tag = naming.PROFILE_DIGEST if target != entry.run.run_id else f"{naming.PROFILE_DIGEST}.{item.name}"
        entry.run.tags({tag: digest}, run_id=target)


def _train(entry: Entry) -> None:
    if entry.table is not None:
        _train_table(entry, entry.table, entry.receipt)
        return
    for item in entry.resolved.protected:
        path = entry.run_folder / "receipts" / "train" / f"{item.name}.json"
        if path.exists():
            _train_table(entry, item.name, Receipt.read(path))


def _train_table(entry: Entry, table: str, receipt: Receipt) -> None:
    from warehouse_twin.lineage.registered_models import PublishedModel, register

    _write(entry, {table: train_values(receipt)})
    for synthesizer, facts in receipt.facts["models"].items():
        if facts["role"] == "published":
            model = PublishedModel(table, synthesizer, facts["digest"], f"{receipt.output}/{synthesizer}", facts["role"])
            entry.run.tags({naming.MODEL_VERSION: register(entry.run, model)}, run_id=entry.run.child(table))


def _plain(entry: Entry) -> None:
    _write(entry, plain_values(entry.receipt))


def _gate(entry: Entry) -> None:
    scores, verdict = read_json(entry.file("scores.json")), read_json(entry.file("verdict.json"))
    for name in naming.GATE_FILES:
        _file(entry, entry.file(name), digest=entry.receipt.digests[name], folder="gate")
    attempts = entry.run_folder / naming.ATTEMPTS
    if attempts.exists():
        _file(entry, attempts, digest=digest_file(attempts), folder="gate")
    _write(entry, gate_values(entry.resolved, scores, verdict), step=int(verdict.get("attempt", 1)))
    if not verdict["passed"]:
        _end(entry, "FAILED")


def _release(entry: Entry) -> None:
    run = entry.run
    digest, facts = release_file(run.settings.workspace, run.twin, run.release)
    commit = commit_of(run.settings.workspace.registry, run.name)
    run.tags(naming.release_tags(facts, commit=commit, digest=digest))
    _end(entry, "FINISHED")


def record_publication(settings: Settings, *, twin: str, release: int) -> None:
    """Let tags and aliases follow what readers see now, when no stage ran: after a rollback.

    Raises as `record` does, and IntegrityError when the registry has no such release.
    """
    with connected(settings, create=True) as client:
        _point_published(open_run(client, settings, twin=twin, release=release))


def _publish(entry: Entry) -> None:
    _point_published(entry.run)


def _point_published(run: ReleaseRun) -> None:
    from warehouse_twin.lineage.registered_models import point_published

    _, facts = release_file(run.settings.workspace, run.twin, run.release)
    point_published(run, {table: model["digest"] for table, model in facts["models"].items()})
    for other in run.client.search_runs([run.experiment_id], f"tags.`{naming.PUBLISHED}` = 'true'"):
        if other.info.run_id != run.run_id:
            run.client.set_tag(other.info.run_id, naming.PUBLISHED, "false")
    run.client.set_tag(run.run_id, naming.PUBLISHED, "true")


def _write(entry: Entry, values: ByRun, *, step: int = 0) -> None:
    for table, own in values.items():
        target = entry.run.run_id if table is None else entry.run.child(table)
        entry.run.params(own.params, run_id=target)
        entry.run.metrics(own.metrics, run_id=target, step=step)
        for curve, losses in own.curves.items():
            entry.run.curve(curve, losses, run_id=target)
        entry.run.tags(own.tags, run_id=target)


def _file(entry: Entry, path: Path, *, digest: str, folder: str) -> None:
    """A file of the whole release: the artefact, and its digest as a tag."""
    entry.run.artifact(path, digest=digest, folder=folder)
    entry.run.tags({naming.file_tag(path.name): digest})


def _end(entry: Entry, status: str) -> None:
    for item in entry.resolved.protected:
        entry.run.end(status, run_id=entry.run.child(item.name))
    entry.run.end(status)


_RECORDERS: dict[str, Callable[[Entry], None]] = {
    "resolve": _resolve,
    "profile": _profile,
    "train": _train,
    "synthesize": _plain,
    "materialize": _plain,
    "gate": _gate,
    "release": _release,
    "publish": _publish,
}
