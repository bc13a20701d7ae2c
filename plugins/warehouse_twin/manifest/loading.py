"""From a file to a manifest: found by name, read with the place of everything, every fault reported at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from warehouse_twin.errors import ConfigurationError, ManifestError
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.names import shown, unknown
from warehouse_twin.manifest.positions import Positions, Steps
from warehouse_twin.manifest.reading import Document, read_document
from warehouse_twin.manifest.schedules import predecessor_faults
from warehouse_twin.manifest.wording import model_faults

MAX_BYTES = 1_000_000
SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class LoadedManifest:
    """A manifest, where everything in it stands, and the sha256 of its file."""

    manifest: Manifest
    file: Path
    positions: Positions
    digest: str


def load(path: Path, *, copied: bool = False) -> LoadedManifest:
    """Read a manifest. A file is named after its twin, unless it is `copied` (a release keeps its own as `manifest.yml`).

    Raises ManifestError with every fault of the file, and ConfigurationError when there is no such file.
    """
    return parse(_content(path), path, copied=copied)


def parse(content: bytes, path: Path, *, copied: bool = False) -> LoadedManifest:
    """The manifest in the content of the file at `path`. Raises ManifestError with every fault."""
    document = read_document(content, str(path))
    faults = list(document.faults)
    manifest = None
    if document.complete:
        try:
            manifest = Manifest.model_validate(document.data)
        except ValidationError as error:
            faults += model_faults(error, document)
        if not copied:
            faults += [document.positions.fault(("twin",), message) for message in _misnamed(document, path)]
            faults += [document.positions.fault(steps, message) for steps, message in _predecessors(document, path)]
    if faults or manifest is None:
        raise ManifestError(faults)
    return LoadedManifest(manifest, path, document.positions, hashlib.sha256(content).hexdigest())


def load_manifest(path: Path) -> Manifest:
    """The manifest in a file, where places do not matter. Raises as `load` does."""
    return load(path).manifest


def list_manifests(folder: Path) -> list[Path]:
    """The manifests in a folder, by name; hidden files are none."""
    if not folder.is_dir():
        raise ConfigurationError(f"{folder}: no such folder; wanted the folder of the manifests (twins/ in the project)")
    return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file() and not path.name.startswith("."))


def find_manifest(twin: str, twins_folder: Path) -> Path:
    """The file of a twin. Raises ConfigurationError, with the nearest name, when there is none, or when there are two."""
    files = list_manifests(twins_folder)
    found = [path for path in files if path.stem == twin]
    if not found:
        known = sorted({path.stem for path in files})
        raise ConfigurationError(f"{twins_folder}: {unknown('twin', twin, known)}")
    if len(found) > 1:
        raise ConfigurationError(f"{twins_folder}: twin {twin} has two manifests, {' and '.join(path.name for path in found)}; remove one")
    return found[0]


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise ConfigurationError(f"{path}: no such file; wanted a manifest")
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror}); wanted a manifest") from None
    if len(content) > MAX_BYTES:
        raise ConfigurationError(f"{path}: longer than {MAX_BYTES:,} bytes; wanted a manifest, a page or two of YAML")
    return content


def _misnamed(document: Document, path: Path) -> list[str]:
    """A file under another name than its twin's: `twin resolve NAME` would not find it."""
    twin = document.data.get("twin") if isinstance(document.data, dict) else None
    if not isinstance(twin, str) or ("twin",) in document.broken or twin == path.stem:
        return []
    return [f"got {shown(twin)}, wanted {shown(path.stem)}: a manifest's file is named after its twin; rename one of them"]


def _predecessors(document: Document, path: Path) -> list[tuple[Steps, str]]:
    """Twins that the schedule waits for and that are none, or wait for this one."""
    named = _waits_for(document)
    if not named:
        return []
    known = {file.stem: _waits_for(read_document(_content(file), str(file))) for file in list_manifests(path.parent) if file != path}
    listed = isinstance(document.data["schedule"]["after"], list)
    found = predecessor_faults(path.stem, named, known)
    return [(("schedule", "after", *((named.index(name),) if listed else ())), message) for name, message in found.items()]


def _waits_for(document: Document) -> tuple[str, ...]:
    """What `schedule: {after: …}` says, whatever else is wrong with the file."""
    data = document.data if isinstance(document.data, dict) else {}
    schedule = data.get("schedule")
    after = schedule.get("after") if isinstance(schedule, dict) else None
    names = after if isinstance(after, list) else [after]
    return tuple(name for name in names if isinstance(name, str))
