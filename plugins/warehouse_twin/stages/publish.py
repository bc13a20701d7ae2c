"""`publish`: show a release to the readers of the target schema, in one transaction; `rollback` shows an older one.

What is shown comes from the registry's tag alone: nothing that happened to the workspace since can change it. Schemas of
earlier releases stay in the warehouse; one that was dropped or damaged is installed again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warehouse_twin.digests import digest_file
from warehouse_twin.errors import ConfigurationError, IntegrityError, SourceError
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.materializing.naming import release_schema
from warehouse_twin.releases.contents import Contents, contents_of, schema_of
from warehouse_twin.releases.registry import Registry, registry_of, tag_of
from warehouse_twin.settings import Settings
from warehouse_twin.stages.context import Stage, StageContext
from warehouse_twin.warehouses import Publication, Warehouse, open_warehouse
from warehouse_twin.warehouses.connections import url_of

logger = logging.getLogger(__name__)


def publish(context: StageContext) -> dict[str, Any]:
    """Publish the context's release. Nothing to do when readers see it already."""
    found = publish_release(context.settings, context.twin, context.release)
    return {
        "release": found.release,
        "data_digest": found.data_digest,
        "published_at": found.published_at,
        "schema": context.resolved.target_schema,
        "passed": True,
    }


def publish_release(settings: Settings, twin: str, number: int) -> Publication:
    """Publish a release of the registry, and give the `_release` row. The caller holds the twin's lock.

    Raises IntegrityError when a data file, or what was installed from it, is not what the release's record says.
    """
    return _publish(_tagged(settings, twin, number))


def rollback(settings: Settings, twin: str, *, to: int | None = None) -> Publication:
    """Publish release `to`, or the newest one older than what readers see. The caller holds the twin's lock.

    Raises ConfigurationError when there is none.
    """
    numbers = registry_of(settings).numbers(twin)
    if not numbers:
        raise ConfigurationError(f"{twin} has no releases; next: twin run {twin}")
    newest = _tagged(settings, twin, numbers[-1])
    if to is None:
        before = newest.warehouse.published(newest.public)
        if before is None:
            raise ConfigurationError(f"{twin}: nothing is published, so there is nothing to go back from; next: twin publish {twin}")
        older = [number for number in numbers if number < before.release]
        if not older:
            raise ConfigurationError(f"{twin}: no release is older than the published {tag_of(twin, before.release)}")
        to = older[-1]
    wanted = _tagged(settings, twin, to)
    if (wanted.warehouse_name, wanted.public) != (newest.warehouse_name, newest.public):
        there, here = f"{wanted.warehouse_name}.{wanted.public}", f"{newest.warehouse_name}.{newest.public}"
        raise ConfigurationError(f"{tag_of(twin, to)} was made for {there}, readers are at {here}; wanted a release for the same target")
    return _publish(wanted)


@dataclass(frozen=True, slots=True)
class _Tagged:
    """A release as its tag has it, and where it goes."""

    registry: Registry
    record: Mapping[str, Any]
    resolved: ResolvedTwin
    warehouse: Warehouse
    warehouse_name: str
    public: str
    private: str

    @property
    def tag(self) -> str:
        return tag_of(self.record["twin"], self.record["release"])


def _tagged(settings: Settings, twin: str, number: int) -> _Tagged:
    registry = registry_of(settings)
    record = registry.read(twin, number)
    resolved = ResolvedTwin.from_dict(json.loads(registry.document(twin, number, "resolved.json")))
    name = resolved.target_warehouse
    warehouse = open_warehouse(name, url_of(name, settings), lock_seconds=settings.lock_seconds)
    return _Tagged(registry, record, resolved, warehouse, name, resolved.target_schema, release_schema(resolved, number))


def _publish(tagged: _Tagged) -> Publication:
    record, warehouse = tagged.record, tagged.warehouse
    stands = _stands(tagged)
    before = warehouse.published(tagged.public)
    now = (record["twin"], record["release"], record["data_digest"])
    if stands and before is not None and (before.twin, before.release, before.data_digest) == now:
        logger.info("%s is published already, since %s", tagged.tag, before.published_at)
        return before
    contents = contents_of(warehouse, tagged.private, tagged.resolved) if stands else None
    if contents is None or not _same(contents, record):
        contents = _install(tagged)
    publication = Publication(*now, published_at=datetime.now(UTC).isoformat(timespec="seconds"))
    # Who may read a table of the source may read its twin, where the target knows them.
    tables = [replace(table, grants=tagged.resolved[table.name].table.grants) for table in contents.declared]
    warehouse.publish(public=tagged.public, private=tagged.private, tables=tables, publication=publication)
    return publication


def _stands(tagged: _Tagged) -> bool:
    """Whether the release's schema is there with all its tables and columns; their rows are not read."""
    try:
        with tagged.warehouse.snapshot(tagged.private) as snapshot:
            declared = snapshot.tables()
    except SourceError:  # no such file, or no such schema in it
        return False
    return bool(_plain(schema_of(declared)) == tagged.record["schema"])


def _install(tagged: _Tagged) -> Contents:
    """Load the release from the registry, and read back what was loaded."""
    record, registry = tagged.record, tagged.registry
    schema = json.loads(registry.document(record["twin"], record["release"], "schema.json"))
    files = registry.data_files(record["twin"], record["release"])
    _verify_files(tagged, files)
    finishing = [(statement, broken) for statement, broken in schema.get("finishing", ())]
    tagged.warehouse.install(tagged.private, schema["statements"], {name: files[name] for name in schema["tables"]}, finishing)
    contents = contents_of(tagged.warehouse, tagged.private, tagged.resolved)
    if not _same(contents, record):
        wrong = sorted(
            name for name in contents.tables.keys() | record["tables"].keys() if contents.tables.get(name) != record["tables"].get(name)
        )
        raise IntegrityError(
            f"{tagged.tag}: installed in {tagged.private}, but {', '.join(wrong) or 'its columns and keys'} not as release.json says; "
            "nothing was published"
        )
    return contents


def _verify_files(tagged: _Tagged, files: Mapping[str, Path]) -> None:
    altered = [name for name, path in files.items() if digest_file(path) != tagged.record["files"][f"data/{name}.parquet"]]
    if altered:
        raise IntegrityError(
            f"{tagged.tag}: data of {', '.join(altered)} in the registry is not what release.json says; nothing was published; "
            f"next: delete it from {tagged.registry.root} and publish again, which brings it back from the DVC remote"
        )


def _same(contents: Contents, record: Mapping[str, Any]) -> bool:
    found = (contents.data_digest, _plain(dict(contents.tables)), _plain(contents.schema()))
    return found == (record["data_digest"], record["tables"], record["schema"])


def _plain(value: Any) -> Any:
    """As it reads back from JSON: lists for tuples."""
    return json.loads(json.dumps(value))


def parameters(context: StageContext) -> Mapping[str, Any]:
    return {"twin": context.twin, "release": context.release}


def work(context: StageContext, folder: Path) -> Mapping[str, Any]:
    """Changes the warehouse; `folder` stays empty but for the receipt."""
    return publish(context)


STAGE = Stage(name="publish", needs=("release",), zone="internal", parameters=parameters, work=work, keyed=False)
