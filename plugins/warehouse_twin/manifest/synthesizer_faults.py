"""Faults of what a manifest asks of synthesizers: their names, their parameters, and who challenges whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.model import Manifest, SynthesizerSpec, TableSpec
from warehouse_twin.manifest.names import unknown
from warehouse_twin.manifest.positions import Positions, Steps
from warehouse_twin.manifest.traits import Traits


def synthesizer_faults(positions: Positions, manifest: Manifest, known: Mapping[str, Traits]) -> Iterator[Fault]:
    """Faults of every `synthesizer` and `challengers` of a manifest."""
    yield from _spec_faults(positions, ("synthesizer",), manifest.synthesizer, known, k=manifest.k)
    for name, spec in manifest.tables.items():
        path: Steps = ("tables", name)
        if spec.synthesizer is not None:
            yield from _spec_faults(positions, (*path, "synthesizer"), spec.synthesizer, known, k=manifest.k)
        for index, challenger in enumerate(spec.challengers):
            yield from _spec_faults(positions, (*path, "challengers", index), challenger, known, k=manifest.k)
        yield from _challenger_faults(positions, path, spec, manifest.synthesizer_of(name).name)
        yield from _conditional_faults(positions, manifest, name, known)
        yield from _sequence_faults(positions, manifest, name, known)
        yield from _unread_faults(positions, manifest, name, known)


def _spec_faults(positions: Positions, path: Steps, spec: SynthesizerSpec, known: Mapping[str, Traits], *, k: int) -> Iterator[Fault]:
    if spec.name not in known:
        named: Steps = (*path, "name")
        where = named if named in positions.values else path
        yield positions.fault(where, unknown("synthesizer", spec.name, tuple(known)))
        return
    for name, fault, at_key in known[spec.name].faults(spec.parameters, k=k):
        yield positions.fault((*path, "parameters", name), f"{fault} (of {spec.name})", at_key=at_key)


def _challenger_faults(positions: Positions, path: Steps, spec: TableSpec, published: str) -> Iterator[Fault]:
    for index, challenger in enumerate(spec.challengers):
        where: Steps = (*path, "challengers", index)
        if challenger.name == published:
            yield positions.fault(where, f"{published} is what {path[-1]} is published from; wanted another synthesizer")
        elif challenger.name in [other.name for other in spec.challengers[:index]]:
            yield positions.fault(where, f"challenger {challenger.name} stands twice; wanted once")


def _conditional_faults(positions: Positions, manifest: Manifest, name: str, known: Mapping[str, Traits]) -> Iterator[Fault]:
    """Shares can only be had from a synthesizer that draws given others' values, whichever is published."""
    spec = manifest.tables[name]
    may_be_published = [manifest.synthesizer_of(name), *(spec.challengers if spec.choose is not None else ())]
    for candidate in may_be_published:
        if spec.shares and candidate.name in known and known[candidate.name].conditional is False:
            message = f"{candidate.name} draws no rows given others' values; wanted tree or independent, or no rebalance"
            yield positions.fault(("tables", name, "rebalance"), message, at_key=True)


def _sequence_faults(positions: Positions, manifest: Manifest, name: str, known: Mapping[str, Traits]) -> Iterator[Fault]:
    """A synthesizer of sequences publishes a table of events, and nothing else."""
    spec, published = manifest.tables[name], manifest.synthesizer_of(name).name
    path: Steps = ("tables", name)
    if spec.keep is None and published in known and known[published].draws == "sequences":
        message = ""
        if spec.validity is not None:
            message = f"{published} draws events and no windows; wanted tree, or order_by in the place of validity"
        elif spec.order_by is None:
            message = f"{published} draws the rows of each parent as a sequence; wanted order_by, or another synthesizer"
        if message:
            yield positions.fault((*path, "synthesizer") if spec.synthesizer is not None else path, message)
    for index, challenger in enumerate(spec.challengers):
        if challenger.name in known and known[challenger.name].draws == "sequences":
            message = f"{challenger.name} draws sequences, which a challenger's rows are not; wanted it as the synthesizer, with order_by"
            yield positions.fault((*path, "challengers", index), message)


def _unread_faults(positions: Positions, manifest: Manifest, name: str, known: Mapping[str, Traits]) -> Iterator[Fault]:
    """What reads no rows challenges nobody, and nobody challenges it: there is nothing to learn from."""
    spec, published = manifest.tables[name], manifest.synthesizer_of(name).name
    for index, challenger in enumerate(spec.challengers):
        where: Steps = ("tables", name, "challengers", index)
        if challenger.name in known and not known[challenger.name].reads:
            yield positions.fault(where, f"{challenger.name} reads no rows and has nothing to compare; wanted it as the synthesizer")
        elif published in known and not known[published].reads:
            yield positions.fault(where, f"no row of {name} is read, as its synthesizer is {published}; wanted no challengers")
