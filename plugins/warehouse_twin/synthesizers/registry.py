"""Synthesizers by name. Built-ins are a table in code, imported on look-up; third parties come by entry point."""

from __future__ import annotations

import difflib
import importlib
import re
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import cast

from warehouse_twin.digests import digest_folder, digest_of
from warehouse_twin.errors import ConfigurationError, IntegrityError
from warehouse_twin.manifest.names import shown
from warehouse_twin.manifest.traits import Traits
from warehouse_twin.synthesizers.protocol import Model, Synthesizer
from warehouse_twin.synthesizers.sequences import FILE, load_sequence
from warehouse_twin.workspace import read_json

GROUP = "warehouse_twin.synthesizers"
BUILT_IN = {
    "tree": "warehouse_twin.synthesizers.sequential:TREE",
    "independent": "warehouse_twin.synthesizers.sequential:INDEPENDENT",
    "gaussian_copula": "warehouse_twin.synthesizers.sdv_models:GAUSSIAN_COPULA",
    "ctgan": "warehouse_twin.synthesizers.sdv_models:CTGAN",
    "tvae": "warehouse_twin.synthesizers.sdv_models:TVAE",
    "copula_gan": "warehouse_twin.synthesizers.sdv_models:COPULA_GAN",
    "day_z": "warehouse_twin.synthesizers.sequential:DAY_Z",
    "hma": "warehouse_twin.synthesizers.sdv_schemas:HMA_SCHEMA",
    "par": "warehouse_twin.synthesizers.sdv_sequences:PAR_SEQUENCES",
    "marginal": "warehouse_twin.synthesizers.marginal:MARGINAL",
}
CARD = "card.json"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""A synthesizer's name is that of a folder, of metrics and tags of MLflow, and stands in logs."""


def _third_parties() -> dict[str, EntryPoint]:
    """By name. Raises ConfigurationError for a name that is no plain word, is built in, or is another plug-in's too."""
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        wrong = ""
        if not _NAME.fullmatch(point.name):
            wrong = "which is no word of at most 40 small letters, digits and underscores"
        elif point.name in BUILT_IN:
            wrong = "which is built in"
        elif point.name in found and found[point.name].value != point.value:
            wrong = f"as the plug-in {shown(found[point.name].value)} calls its own"
        if wrong:
            raise ConfigurationError(
                f"the plug-in {shown(point.value)} calls its synthesizer {shown(point.name)}, {wrong}; next: rename it or uninstall it"
            )
        found[point.name] = point
    return found


def known_synthesizers() -> dict[str, Traits]:
    """All names that a manifest may use, in order, and what is known of each; of a third party's nothing before it is loaded."""
    known = {name: find_synthesizer(name).traits for name in BUILT_IN} | dict.fromkeys(_third_parties(), Traits())
    return dict(sorted(known.items()))


def find_synthesizer(name: str) -> Synthesizer:
    """The synthesizer called `name`. Raises ConfigurationError, naming what is known or missing."""
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        try:
            return cast(Synthesizer, getattr(importlib.import_module(module), attribute))
        except ImportError as error:
            raise ConfigurationError(f"synthesizer {name!r} needs a package that is not installed: {error.name}") from error
    plugins = _third_parties()
    if name in plugins:
        return cast(Synthesizer, plugins[name].load())
    known = known_synthesizers()
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
    raise ConfigurationError(f"no synthesizer {name!r}; wanted one of {', '.join(known)}{hint}")


def model_digest(folder: Path) -> str:
    """The digest of a saved model: of all its files but the card."""
    return digest_of({name: digest for name, digest in digest_folder(folder).items() if name != CARD})


def load_model(name: str, folder: Path) -> Model:
    """Load a saved model, after its files' digest was found to be the one on its card. Raises IntegrityError."""
    if not (folder / CARD).exists():
        raise IntegrityError(f"model {name} in {folder}: no {CARD}; wanted a model left by train")
    wanted = read_json(folder / CARD)["digest"]
    got = model_digest(folder)
    if got != wanted:
        raise IntegrityError(f"model {name} in {folder}: digest {got[:12]}…, wanted {wanted[:12]}…; it was altered and is not loaded")
    synthesizer = find_synthesizer(name)
    return load_sequence(synthesizer, folder) if (folder / FILE).exists() else synthesizer.load(folder)
