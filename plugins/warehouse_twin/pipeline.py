"""The stages in order, and the one use case: run a stage. The CLI, the Airflow operators and `dvc repro` all call it."""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from warehouse_twin.errors import ConfigurationError, LockedError, TerminalError
from warehouse_twin.locking import exclusive
from warehouse_twin.manifest.loading import find_manifest, load
from warehouse_twin.receipts import Receipt
from warehouse_twin.settings import Settings
from warehouse_twin.stages.context import Stage, StageContext
from warehouse_twin.stages.executing import combine_train, execute, guarded
from warehouse_twin.stages.runs import current_release, forget, mark, read_run
from warehouse_twin.stages.snapshots import delete_snapshot

if TYPE_CHECKING:
    from warehouse_twin.parity.judging import Parity
    from warehouse_twin.stages.garbage import Collected
    from warehouse_twin.warehouses import Publication

STAGES: dict[str, str] = {
    "resolve": "resolve",
    "profile": "profile_tables",
    "train": "train",
    "synthesize": "synthesize",
    "materialize": "materialize",
    "gate": "gate",
    "release": "release",
    "publish": "publish",
}
"""Stage → module in `stages/`, in order. A module differs only where its name would shadow the standard library."""

logger = logging.getLogger(__name__)
Progress = Callable[[str], None]


def _silent(text: str) -> None:
    """No progress wanted."""


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a stage did. `passed` is the verdict, known from `gate` on; `skipped` when nothing had to be done."""

    stage: str
    twin: str
    release: int
    table: str | None
    skipped: bool
    seconds: float
    receipt: Receipt
    passed: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """For `--json` and XCom: references and counts."""
        return {
            "stage": self.stage,
            "twin": self.twin,
            "release": self.release,
            "table": self.table,
            "key": self.receipt.key,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 3),
            "passed": self.passed,
            "facts": dict(self.receipt.facts),
        }


def run_stage(
    name: str,
    twin: str,
    *,
    settings: Settings,
    release: int | None = None,
    table: str | None = None,
    wait_seconds: float | None = None,
    on_progress: Progress = _silent,
) -> StageResult:
    """Run one stage of one release; stages before it that have not run for this release are run first.

    `release` None means the open run, or a new one. `table` is for `train` alone. Raises ConfigurationError, SourceError,
    IntegrityError and other TwinErrors; a failed verdict is a result (`passed` False), not an error.
    """
    if name not in STAGES:
        raise ConfigurationError(f"no stage {name!r}; wanted one of {', '.join(STAGES)}")
    with _locked(twin, settings, wait_seconds, on_progress, shared=table is not None):
        context = _context(name, twin, settings=settings, release=release, table=table)
        stale = _outdated(context)  # then every receipt may be: what still holds is a hit
        for earlier in list(STAGES)[: list(STAGES).index(name)]:
            if stale or not context.receipt_file(earlier).exists():
                result = _run(replace(context, table=None), earlier, on_progress)
                if result.passed is False:
                    return result
        return _run(context, name, on_progress)


def run_twin(
    twin: str,
    *,
    settings: Settings,
    release: int | None = None,
    wait_seconds: float | None = None,
    on_progress: Progress = _silent,
) -> list[StageResult]:
    """Run all stages, resolve to publish; stops after a failed verdict. The lock is held throughout."""
    results: list[StageResult] = []
    with _locked(twin, settings, wait_seconds, on_progress, shared=False):
        context = _context("resolve", twin, settings=settings, release=release, table=None)
        for name in STAGES:
            results.append(_run(context, name, on_progress))
            if results[-1].passed is False:
                break
    return results


def rollback(
    twin: str, *, settings: Settings, to: int | None = None, wait_seconds: float | None = None, on_progress: Progress = _silent
) -> Publication:
    """Publish release `to` again, or the newest before the published one. Raises ConfigurationError when there is none."""
    from warehouse_twin.stages.publish import rollback as publish_older

    with _locked(twin, settings, wait_seconds, on_progress, shared=False):
        publication = publish_older(settings, twin, to=to)
        context = _context("publish", twin, settings=settings, release=publication.release, table=None)
        if context.receipt_file("publish").exists():  # else it was made in another workspace, and MLflow there tells its story
            _record(context, "publish", context.receipt("publish"))
    return publication


def parity(
    reference: str,
    *,
    settings: Settings,
    project: str | None = None,
    wait_seconds: float | None = None,
    on_progress: Progress = _silent,
) -> Parity:
    """Build a dbt project on the source and on a release (`flights@7`, `@latest`, `@published`, or the number of a candidate).

    `project` None is the manifest's. What differs is a result, not an error. Raises ConfigurationError and other TwinErrors.
    """
    from warehouse_twin.manifest.dbt_parity import DbtParity
    from warehouse_twin.stages.parity import context_of, release_parity

    twin = reference.partition("@")[0]
    with _locked(twin, settings, wait_seconds, on_progress, shared=True):
        path = find_manifest(twin, settings.twins)
        manifest = load(path).manifest
        context, released = context_of(StageContext(settings, manifest, path, 0), reference)
        asked = manifest.dbt_parity
        if project is not None:
            asked = asked.model_copy(update={"project": project}) if asked is not None else DbtParity(project=project)
        if asked is None:
            raise ConfigurationError(f"{twin}: the manifest names no dbt project; next: twin parity {reference} --project PATH")
        with guarded(context, "parity"):
            return release_parity(context, asked, released=released)


def collect_garbage(
    twin: str, *, settings: Settings, wait_seconds: float | None = None, on_progress: Progress = _silent
) -> Collected:
    """Drop what failed and killed runs of a twin left. The twin is locked meanwhile, so that nothing in use is dropped."""
    from warehouse_twin.stages.garbage import collect

    with _locked(twin, settings, wait_seconds, on_progress, shared=False):
        return collect(settings, load(find_manifest(twin, settings.twins)).manifest)


def collect_scratch(settings: Settings) -> int:
    """Drop temporary files of Spark and dbt that killed runs left; bytes freed. Nothing is touched while any twin is held."""
    from warehouse_twin.stages.garbage import clear_scratch

    locks = settings.workspace.lock("twin-").parent
    with ExitStack() as held:
        try:
            for lock in sorted(locks.glob("twin-*.lock")):
                held.enter_context(exclusive(lock, wait_seconds=0))
        except LockedError:
            return 0
        return clear_scratch(settings.workspace)


@contextmanager
def _locked(twin: str, settings: Settings, wait_seconds: float | None, on_progress: Progress, *, shared: bool) -> Iterator[None]:
    find_manifest(twin, settings.twins)  # what is no twin has no lock: a name may be a path to anywhere
    settings.workspace.open_secure_zone()
    seconds = settings.lock_seconds if wait_seconds is None else wait_seconds
    waiting = f"{twin}: waiting, held by %s"
    with exclusive(
        settings.workspace.lock(f"twin-{twin}"), wait_seconds=seconds, shared=shared, on_wait=lambda holder: on_progress(waiting % holder)
    ):
        yield


def _context(stage: str, twin: str, *, settings: Settings, release: int | None, table: str | None) -> StageContext:
    path = find_manifest(twin, settings.twins)
    manifest = load(path).manifest
    number = current_release(settings.workspace, twin, stage) if release is None else release
    if table is not None and (stage != "train" or table not in manifest.protected):
        raise ConfigurationError(f"{twin}: --table is for train and one of its tables {', '.join(manifest.protected)}; got {stage} {table}")
    if read_run(settings.workspace, twin, number) is None:
        mark(settings.workspace, twin, number, "open")
    return StageContext(settings=settings, manifest=manifest, manifest_file=path, release=number, table=table)


def _run(context: StageContext, name: str, on_progress: Progress) -> StageResult:
    """One stage, or `train` of each table in turn when no table is named."""
    if name != "train" or context.table is not None:
        result = _run_one(context, name, on_progress)
        if name == "train":
            combine_train(context)
        return result
    started = time.monotonic()
    parts = [_run_one(replace(context, table=table), name, on_progress) for table in context.manifest.protected]
    receipt = combine_train(context)
    if receipt is None:
        raise TerminalError(f"{context.twin}@{context.release}: train left tables without a receipt; next: twin train {context.twin}")
    skipped = all(part.skipped for part in parts)
    return StageResult(name, context.twin, context.release, None, skipped, time.monotonic() - started, receipt)


def _run_one(context: StageContext, name: str, on_progress: Progress) -> StageResult:
    what = f"{context.twin}@{context.release} {name}" + (f" {context.table}" if context.table else "")
    on_progress(f"{what} …")
    started = time.monotonic()
    with guarded(context, name), _nothing_left(context, name):
        receipt, skipped = execute(context, _stage(name))
        receipt.write(context.receipt_file(name, context.table))
        if context.table is None:
            receipt.write(context.workspace.receipt(context.twin, name))
        _record(context, name, receipt)
    passed = bool(receipt.facts["passed"]) if "passed" in receipt.facts else None
    if name == "gate":
        _close_gate(context, passed=bool(passed))
    elif name == "release":
        mark(context.workspace, context.twin, context.release, "released")
    seconds = time.monotonic() - started
    logger.info("%s: %s in %.1f s, key %s", what, "nothing to do" if skipped else "done", seconds, receipt.key[:12])
    on_progress(f"{what}: {'nothing to do' if skipped else 'done'} ({seconds:.1f} s)")
    return StageResult(name, context.twin, context.release, context.table, skipped, seconds, receipt, passed)


@contextmanager
def _nothing_left(context: StageContext, name: str) -> Iterator[None]:
    """A manifest with a fault opens no release."""
    try:
        yield
    except ConfigurationError:
        if name == "resolve" and not context.receipt_file(name).exists():
            forget(context.workspace, context.twin, context.release)
        raise


def _stage(name: str) -> Stage:
    stage: Stage = importlib.import_module(f"warehouse_twin.stages.{STAGES[name]}").STAGE
    return stage


def _outdated(context: StageContext) -> bool:
    """Whether the manifest was edited since the open run was resolved: what it says now must be resolved first."""
    run = read_run(context.workspace, context.twin, context.release)
    if run is None or run.closed or context.table is not None:  # mapped tasks of one run must all see what it began with
        return False
    kept = context.run_folder / "manifest.yml"
    return not kept.exists() or kept.read_bytes() != context.manifest_file.read_bytes()


def _record(context: StageContext, name: str, receipt: Receipt) -> None:
    """Lineage, on a hit too: a release's run must tell its whole story."""
    from warehouse_twin.lineage.recording import record

    record(
        name,
        settings=context.settings,
        resolved=context.resolved,
        release=context.release,
        receipt=receipt,
        folder=context.workspace.root / receipt.output if receipt.output else None,
        table=context.table,
        run_folder=context.run_folder,
    )


def _close_gate(context: StageContext, *, passed: bool) -> None:
    """After the verdict the source's rows are deleted; a failed verdict closes the run."""
    delete_snapshot(context)
    if not passed:
        mark(context.workspace, context.twin, context.release, "rejected")
