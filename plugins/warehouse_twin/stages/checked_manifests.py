"""A manifest against the catalog of its source, for `manifest check` and `resolve` alike: every fault with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from warehouse_twin.errors import ConfigurationError, ManifestError, TwinError
from warehouse_twin.gates.policy import goal_names
from warehouse_twin.manifest.checking import resolve_manifest
from warehouse_twin.manifest.loading import LoadedManifest
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.materializing.naming import refuse_unquotable
from warehouse_twin.materializing.user_projects import profile_of
from warehouse_twin.relations.families import unordered
from warehouse_twin.stages import workload
from warehouse_twin.stages.chain_guard import refuse_labelled
from warehouse_twin.synthesizers.registry import known_synthesizers
from warehouse_twin.warehouses.catalog import Table


def checked_against(loaded: LoadedManifest, declared: Sequence[Table], *, expectations: Path) -> ResolvedTwin:
    """The resolved twin. Raises ManifestError: here, and not after minutes of work."""
    refuse_labelled(loaded, declared)
    resolved = resolve_manifest(loaded, declared, synthesizers=known_synthesizers(), goals=goal_names(expectations))
    with placed(loaded, "tables"):
        refuse_unquotable(resolved)
    if (asked := loaded.manifest.dbt_parity) is not None:
        with placed(loaded, "dbt_parity"):
            profile_of(loaded.file.resolve().parent.parent / asked.project)
    workload.check(loaded, resolved)
    fields = {table.name: "order_by" if table.validity is None else "validity" for table in resolved.tables}
    faults = [loaded.positions.fault(("tables", name, fields[name]), message) for name, message in unordered(resolved)]
    if faults:
        raise ManifestError(faults)
    return resolved


@contextmanager
def placed(loaded: LoadedManifest, field: str, kinds: type[TwinError] | tuple[type[TwinError], ...] = ConfigurationError) -> Iterator[None]:
    """Errors of these kinds found in the block stand at this field of the manifest."""
    try:
        yield
    except ManifestError:
        raise
    except kinds as error:
        raise ManifestError([loaded.positions.fault((field,), str(error), at_key=True)]) from error
