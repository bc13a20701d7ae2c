"""The words about releases: list, compare, roll back, audit, collect."""

from __future__ import annotations

import argparse
from pathlib import Path

from warehouse_twin import pipeline
from warehouse_twin.cli.output import Ended, answer, say
from warehouse_twin.errors import ConfigurationError, TwinError
from warehouse_twin.manifest.loading import find_manifest, list_manifests, load
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.settings import Settings


def _manifest(twin: str, settings: Settings) -> Manifest:
    return load(find_manifest(twin, settings.twins)).manifest


def _published(manifest: Manifest, settings: Settings) -> int | None:
    """The release that readers see, from the warehouse; None when nothing was ever published there."""
    from warehouse_twin.warehouses import open_warehouse
    from warehouse_twin.warehouses.connections import url_of

    target = manifest.target
    warehouse = open_warehouse(target.warehouse, url_of(target.warehouse, settings), lock_seconds=settings.lock_seconds)
    found = warehouse.published(target.schema_)
    return found.release if found is not None and found.twin == manifest.twin else None


def releases(options: argparse.Namespace, settings: Settings) -> Ended:
    from warehouse_twin.releases.registry import registry_of
    from warehouse_twin.stages.runs import runs_of

    manifest = _manifest(options.twin, settings)
    published = _published(manifest, settings)
    found = registry_of(settings).releases(manifest.twin)
    numbers = {release.release for release in found}
    unreleased = [run for run in runs_of(settings.workspace, manifest.twin) if run.release not in numbers]
    lines = [
        f"{release.tag:<16} {'published' if release.release == published else '':<10} {release.created_at}  "
        f"verdict {release.verdict:<10} {sum(release.rows.values()):>12,} rows  data {release.data_digest[:12]}"
        for release in found
    ]
    lines += [f"{run.twin}@{run.release:<{15 - len(run.twin)}} {run.state}" for run in unreleased]
    value = {
        "releases": [release.to_dict() | {"published": release.release == published} for release in found],
        "unreleased": [{"release": run.release, "state": run.state} for run in unreleased],
    }
    answer(options, value, lines or [f"{manifest.twin} has no releases; next: twin run {manifest.twin}"])
    return "done"


def diff(options: argparse.Namespace, settings: Settings) -> Ended:
    from warehouse_twin.releases.diffing import diff as compare
    from warehouse_twin.releases.registry import registry_of

    registry = registry_of(settings)
    records = []
    for reference in (options.first, options.second):
        manifest = _manifest(reference.partition("@")[0], settings)
        published = _published(manifest, settings) if reference.endswith("@published") else None
        records.append(registry.read(*registry.resolve(reference, published=published)))
    found = compare(records[0], records[1])
    answer(options, found.to_dict(), list(found.lines()))
    return "done"


def rollback(options: argparse.Namespace, settings: Settings) -> Ended:
    found = pipeline.rollback(options.twin, settings=settings, to=options.to, wait_seconds=options.wait, on_progress=say(options))
    value = {"twin": found.twin, "release": found.release, "data_digest": found.data_digest, "published_at": found.published_at}
    answer(options, value, [f"readers see {found.twin}@{found.release}, data {found.data_digest[:12]}"])
    return "done"


def audit(options: argparse.Namespace, settings: Settings) -> Ended:
    from warehouse_twin.stages.audit import audit as walk

    manifest = _manifest(options.reference.partition("@")[0], settings)
    if options.explain or options.table is not None:
        return _explained(options, settings, manifest)
    report = walk(settings, manifest, options.reference)
    answer(options, report.to_dict(), report.lines())
    return "done" if report.ok else "failed"


def _explained(options: argparse.Namespace, settings: Settings, manifest: Manifest) -> Ended:
    from warehouse_twin.lineage.explaining import lines
    from warehouse_twin.stages.audit import explain

    report, steps = explain(settings, manifest, options.reference, table=options.table)
    value = report.to_dict() | {"steps": [step.to_dict() for step in steps]}
    answer(options, value, [*report.lines(), *lines(steps)])
    return "done" if report.ok else "failed"


def parity(options: argparse.Namespace, settings: Settings) -> Ended:
    project = None if options.project is None else str(Path(options.project).resolve())  # from where the caller is
    found = pipeline.parity(options.reference, settings=settings, project=project, wait_seconds=options.wait, on_progress=say(options))
    answer(options, found.to_dict(), found.lines())
    return "done" if found.passed else "failed"


def budget(options: argparse.Namespace, settings: Settings) -> Ended:
    from warehouse_twin.stages.budget import statement

    found = statement(settings, _manifest(options.twin, settings))
    answer(options, found.to_dict(), found.lines())
    return "done"


def collect(options: argparse.Namespace, settings: Settings) -> Ended:
    """One twin, or every twin of the project, and then the scratch space they share."""
    twins = [options.twin] if options.twin else [_name(file) for file in list_manifests(settings.twins)]
    value, lines = {}, []
    for twin in twins:
        found = pipeline.collect_garbage(twin, settings=settings, wait_seconds=options.wait, on_progress=say(options))
        value[twin] = found.to_dict()
        lines += [f"{twin}: {line}" for line in found.lines()]
    freed = pipeline.collect_scratch(settings)
    lines += [f"scratch: {freed / 1e6:,.1f} MB freed"] if freed else []
    answer(options, value, lines)
    return "done"


def _name(file: Path) -> str:
    try:
        return load(file).manifest.twin
    except TwinError as error:
        raise ConfigurationError(f"{file} cannot be read, so its twin is not known; next: twin manifest check\n{error}") from error
