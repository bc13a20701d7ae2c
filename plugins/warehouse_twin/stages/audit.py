"""`audit`: walk the chain of a release back to its source and hash every link again.

    warehouse   the `_release` row, the rows of the release's schema and of the views readers see
    git, registry, data, dvc      the tag, its files, the work tree, DVC's cache and remote
    run, receipt, source, profile, train, model, gate      the workspace
    mlflow      runs, tags, artefacts, metrics, registered models and their alias

Everything is held against `release.json` as the git tag has it. What is missing, unreadable or different is a broken link
with a name; an audit raises only when it is asked for a release that never was.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from warehouse_twin.errors import ConfigurationError, TwinError
from warehouse_twin.lineage.explaining import Known, Step, explained
from warehouse_twin.lineage.links import Chain, Link
from warehouse_twin.lineage.mlflow_links import check_mlflow
from warehouse_twin.lineage.naming import release_name
from warehouse_twin.lineage.reading import LineageRecord, reading
from warehouse_twin.lineage.release_files import git
from warehouse_twin.lineage.release_links import ReleaseFacts, check_dvc, check_files, check_git
from warehouse_twin.lineage.warehouse_links import check_warehouse
from warehouse_twin.lineage.workspace_links import (
    check_models,
    check_outputs,
    check_receipts,
    check_release_against_receipts,
    check_run,
)
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.names import unknown
from warehouse_twin.receipts import Receipt
from warehouse_twin.releases.registry import folder_of
from warehouse_twin.settings import Settings
from warehouse_twin.warehouses import Publication, open_warehouse
from warehouse_twin.warehouses.connections import url_of

SHOWN = 60
logger = logging.getLogger(__name__)
_WHICH = re.compile(r"[1-9][0-9]*|latest|published")


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found: every link of a release's chain."""

    release: str
    links: tuple[Link, ...]

    @property
    def broken(self) -> tuple[Link, ...]:
        return tuple(link for link in self.links if not link.ok)

    @property
    def ok(self) -> bool:
        return not self.broken

    def lines(self) -> list[str]:
        """For a person: what is broken, then how much of each part was checked."""
        broken = [f"BROKEN {link}" for link in self.broken]
        more = [f"… and {len(broken) - SHOWN} more; twin audit --json names them all"] if len(broken) > SHOWN else []
        whole, all_of = Counter(link.group for link in self.links if link.ok), Counter(link.group for link in self.links)
        parts = [f"  {group:<12} {whole[group]} of {count} links whole" for group, count in all_of.items()]
        ending = f"all {len(self.links)} links whole" if self.ok else f"{len(broken)} of {len(self.links)} links BROKEN"
        return [*broken[:SHOWN], *more, f"{self.release}: {ending}", *parts]

    def to_dict(self) -> dict[str, Any]:
        return {"release": self.release, "ok": self.ok, "links": [link.to_dict() for link in self.links]}


@dataclass
class _Walk:
    """What an audit learns on its way."""

    chain: Chain
    release: ReleaseFacts | None
    receipts: dict[tuple[str, str | None], Receipt] = field(default_factory=dict)
    published: Publication | None = None


def audit(settings: Settings, manifest: Manifest, reference: str) -> AuditReport:
    """Audit `flights@7`, `flights@latest` or `flights@published`.

    Raises ConfigurationError when there is no such release, and the warehouse's error when `@published` cannot be looked up.
    """
    number = number_of(settings, manifest, reference)
    return AuditReport(release_name(manifest.twin, number), tuple(_walk(settings, manifest.twin, number).chain.links))


def explain(settings: Settings, manifest: Manifest, reference: str, *, table: str | None = None) -> tuple[AuditReport, list[Step]]:
    """An audit, and its chain in words, of one table or of all. Raises as `audit` does, and for a table the release has not."""
    number = number_of(settings, manifest, reference)
    walk = _walk(settings, manifest.twin, number)
    report = AuditReport(release_name(manifest.twin, number), tuple(walk.chain.links))
    if walk.release is None:
        return report, []
    names = [item.name for item in walk.release.resolved.tables]
    if table is not None and table not in names:
        raise ConfigurationError(f"{report.release}: {unknown('table', table, names)}")
    known = Known(walk.release, walk.receipts, _record(settings, walk.release), walk.published)
    return report, explained(known, report.links, tables=names if table is None else [table])


def _record(settings: Settings, release: ReleaseFacts) -> LineageRecord | None:
    try:
        with reading(settings, release.twin) as reader:
            return reader.release(release.release)
    except Exception:  # why it cannot be read, the audit has said
        logger.debug("no pages of MLflow to name", exc_info=True)
        return None


def _walk(settings: Settings, twin: str, number: int) -> _Walk:
    """Every part, whatever became of the parts before."""
    chain = Chain()
    release = check_git(chain, settings, twin, number)
    walk = _Walk(chain, release)
    if release is None:
        return walk
    workspace = settings.workspace
    parts: dict[str, Callable[[], object]] = {
        "warehouse": lambda: setattr(walk, "published", check_warehouse(chain, settings, release)),
        "registry": lambda: check_files(chain, settings, release),
        "dvc": lambda: check_dvc(chain, settings, release),
        "run": lambda: check_run(chain, workspace, release),
        "receipt": lambda: walk.receipts.update(check_receipts(chain, workspace, release)),
        "output": lambda: check_outputs(chain, workspace, walk.receipts),
        "source": lambda: check_release_against_receipts(chain, release, walk.receipts),
        "model": lambda: check_models(chain, workspace, release, walk.receipts),
        "mlflow": lambda: check_mlflow(chain, settings, release, walk.receipts, walk.published),
    }
    for name, check in parts.items():
        try:
            check()
        except Exception as error:  # an artefact of a shape that nobody foresaw is a finding too
            chain.broken(name, "the check of this part", "carried out", error)
    return walk


def number_of(settings: Settings, manifest: Manifest, reference: str) -> int:
    """The number a reference means. Git's objects are not looked into: they may be what is broken."""
    twin, _, which = reference.partition("@")
    if twin != manifest.twin or not _WHICH.fullmatch(which or "latest"):
        raise ConfigurationError(f"{reference!r} names no release of {manifest.twin}; wanted {manifest.twin}@7, @latest or @published")
    if which == "published":
        return _published(settings, manifest)
    known = _tagged(settings, twin)
    if which in ("", "latest"):
        if not known:
            raise ConfigurationError(f"{twin} has no releases; next: twin run {twin}")
        return max(known)
    number = int(which)
    if number not in known and not (settings.workspace.registry / folder_of(twin, number)).exists():
        listed = ", ".join(release_name(twin, known_number) for known_number in sorted(known)[-10:])
        raise ConfigurationError(f"no release {reference}; there are {listed or 'none'}; next: twin releases {twin}")
    return number


def _published(settings: Settings, manifest: Manifest) -> int:
    target = manifest.target
    warehouse = open_warehouse(target.warehouse, url_of(target.warehouse, settings), lock_seconds=settings.lock_seconds)
    row = warehouse.published(target.schema_)
    if row is None or row.twin != manifest.twin:
        raise ConfigurationError(f"{manifest.twin}: nothing is published; next: twin publish {manifest.twin}")
    return row.release


def _tagged(settings: Settings, twin: str) -> set[int]:
    """Numbers of the releases that have a tag, by the tags' names alone."""
    try:
        names = git(settings.workspace.registry, "for-each-ref", "--format=%(refname:strip=2)", f"refs/tags/{twin}@*").decode().split()
    except TwinError:  # no registry, or a damaged one
        return set()
    return {int(name.rpartition("@")[2]) for name in names if name.rpartition("@")[2].isdecimal()}
