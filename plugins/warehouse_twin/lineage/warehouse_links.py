"""The outermost link: what readers of the warehouse see, and what of the release stands there."""

from __future__ import annotations

import json
from functools import partial

from warehouse_twin.digests import digest_table
from warehouse_twin.lineage.links import Chain
from warehouse_twin.lineage.release_links import ReleaseFacts
from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.releases.contents import contents_of
from warehouse_twin.settings import Settings
from warehouse_twin.warehouses import Publication, Warehouse, open_warehouse
from warehouse_twin.warehouses.connections import url_of


def target_of(settings: Settings, release: ReleaseFacts) -> Warehouse:
    """The warehouse a release is for. Raises ConfigurationError when its name is not known."""
    name = release.resolved.target_warehouse
    return open_warehouse(name, url_of(name, settings), lock_seconds=settings.lock_seconds)


def check_warehouse(chain: Chain, settings: Settings, release: ReleaseFacts) -> Publication | None:
    """The `_release` row, and the rows of the release's schema where it is installed; returns the row."""
    schema = release.resolved.target_schema
    private = f"{schema}__r{release.release}"
    warehouse = chain.read("warehouse", "the target warehouse", lambda: target_of(settings, release))
    if warehouse is None:
        return None
    row = chain.read("warehouse/_release", "the row that says what readers see", lambda: (warehouse.published(schema),))
    published = None if row is None else row[0]
    shown = published is not None and (published.twin, published.release) == (release.twin, release.release)
    schemas = chain.read("warehouse/schemas", "the schemas that are there", warehouse.schemas)
    if shown and published is not None:
        chain.equal("warehouse/_release", "data digest in the row", release.facts.get("data_digest"), published.data_digest)
    if schemas is not None and (shown or private in schemas):
        _check_rows(chain, warehouse, private, release)
    if shown:
        for item in release.resolved.tables:
            name, digest = f"warehouse/{schema}.{item.name}", release.facts.get("tables", {}).get(item.name, {}).get("digest")
            chain.check(name, "digest of the rows readers see", digest, partial(_digest, warehouse, schema, item))
    return published


def _check_rows(chain: Chain, warehouse: Warehouse, private: str, release: ReleaseFacts) -> None:
    """Rows of each table, and the digest of the data as a whole."""
    found = chain.read(f"warehouse/{private}", "the tables' rows", lambda: contents_of(warehouse, private, release.resolved))
    if found is None:
        return
    for table, expected in release.facts.get("tables", {}).items():
        chain.equal(f"warehouse/{private}.{table}", "rows and their digest", expected, found.tables.get(table, "missing"))
    chain.equal(f"warehouse/{private}", "data digest", release.facts.get("data_digest"), found.data_digest)
    if "schema" in release.facts:
        made = json.loads(json.dumps(found.schema()))
        for table, expected in release.facts["schema"].items():
            same = "as released" if made.get(table) == expected else "other columns or keys"
            chain.equal(f"warehouse/{private}.{table}", "columns and keys", "as released", same)


def _digest(warehouse: Warehouse, schema: str, item: ResolvedTable) -> str:
    return digest_table(warehouse.read(schema, item.name, item.table), keys=item.table.primary_key)
