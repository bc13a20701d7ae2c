"""The registry: every release of every twin, immutable, in a git repository of its own with DVC at its root.

    releases/<twin>/<n>/release.json          the root of trust: what the release is, and the sha256 of every data file
    releases/<twin>/<n>/manifest.yml resolved.json verdict.json scores.json report.json report.html schema.json
    budget/<account>.jsonl                    what was spent of a budget of privacy (`releases.ledger`)
    releases/<twin>/<n>/data/<table>.parquet  in DVC, by data.dvc
    tag <twin>@<n>                            annotated; a release is one when it has its tag

Adding goes: files in place, DVC add, push, commit, tag. A kill between any two leaves no release; doing it again ends as an
undisturbed run would, since everything without a tag is made anew.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from warehouse_twin.digests import digest_file
from warehouse_twin.errors import ConfigurationError, IntegrityError, TerminalError
from warehouse_twin.locking import exclusive
from warehouse_twin.releases.history import History
from warehouse_twin.releases.storage import TRACKED, Storage
from warehouse_twin.settings import Settings
from warehouse_twin.workspace import WORK_PREFIX, new_folder, read_json

RECORD = "release.json"
DOCUMENTS = (RECORD, "manifest.yml", "resolved.json", "verdict.json", "scores.json", "report.json", "report.html", "schema.json")
"""The only files beside data/*.parquet that may enter the open zone."""
INSIDE = ("verdict.json", "scores.json", "report.json", "report.html")
"""Those that a release under a promise of privacy leaves in the internal zone: they say of the source what nobody paid for."""
VOLATILE = ("code", "version", "mlflow_run_id", "dbt_invocation")
"""Fields of release.json that say who made the release, not what it is: doing it again may change them."""
_DATA = re.compile(r"data/(?P<table>[^/\\.][^/\\]*)\.parquet")
_REFERENCE = re.compile(r"(?P<twin>[a-z][a-z0-9_]*)(@(?P<which>[1-9][0-9]*|latest|published))?")


@dataclass(frozen=True, slots=True)
class ReleaseInfo:
    """A release as a list shows it."""

    twin: str
    release: int
    commit: str
    created_at: str
    data_digest: str
    rows: Mapping[str, int]
    verdict: str

    @property
    def tag(self) -> str:
        return tag_of(self.twin, self.release)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "tag": self.tag}


def tag_of(twin: str, number: int) -> str:
    return f"{twin}@{number}"


def folder_of(twin: str, number: int) -> str:
    """A release's folder, relative to the registry."""
    return f"releases/{twin}/{number}"


def registry_of(settings: Settings) -> Registry:
    workspace = settings.workspace
    return Registry(workspace.registry, settings.dvc_remote, workspace.lock("registry"), settings.lock_seconds)


def _silent(step: str) -> None:
    """No progress wanted."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Releases below `root`. Reading takes no lock, unless data must be fetched; nothing is made until a release is added."""

    root: Path
    remote_url: str
    lock: Path
    lock_seconds: float = 600.0

    @property
    def history(self) -> History:
        return History(self.root)

    @property
    def storage(self) -> Storage:
        return Storage(self.root, self.remote_url)

    def init(self) -> None:
        """Make the registry, or bring its configuration up to date."""
        with self._locked():
            self._begin()

    def add(self, twin: str, number: int, files: Mapping[str, Path], *, on_step: Callable[[str], None] = _silent) -> ReleaseInfo:
        """Make a release of `files`: names as in DOCUMENTS or data/<table>.parquet, and where each lies now.

        `on_step` is told each step that is done. Raises TerminalError for a file that may not enter, IntegrityError when
        the files are not those of release.json or the release exists and is another, TransientError without the remote.
        """
        record = _checked(twin, number, files)
        tag, folder = tag_of(twin, number), self.root / folder_of(twin, number)
        with self._locked():
            self._begin()
            on_step("begun")
            if self._is_tagged(twin, number):
                self._require_same(twin, number, record)
                return self._info(twin, number)
            self._sweep(folder)
            self._place(folder, files)
            on_step("placed")
            self.storage.track(folder / "data")
            on_step("tracked")
            self.storage.push(folder / "data.dvc")
            on_step("pushed")
            message = f"Release {tag}\n\nData digest: {record['data_digest']}"
            self.history.commit([folder_of(twin, number)], message)
            on_step("committed")
            self.history.tag(tag, message)
            on_step("tagged")
        return self._info(twin, number)

    def releases(self, twin: str) -> tuple[ReleaseInfo, ...]:
        """All releases of a twin, oldest first."""
        return tuple(self._info(twin, number) for number in self.numbers(twin))

    def numbers(self, twin: str) -> tuple[int, ...]:
        """The numbers of a twin's releases, in order."""
        names = (tag.name.removeprefix(f"{twin}@") for tag in self.history.tags(f"{twin}@*"))
        return tuple(sorted(int(name) for name in names if re.fullmatch(r"[1-9][0-9]*", name)))

    def all_numbers(self) -> tuple[tuple[str, int], ...]:
        """(twin, number) of every release of every twin, in order."""
        found = (tag.name.rpartition("@") for tag in self.history.tags("*@*"))
        return tuple(sorted((twin, int(number)) for twin, _, number in found if re.fullmatch(r"[1-9][0-9]*", number)))

    def read(self, twin: str, number: int) -> dict[str, Any]:
        """release.json as it was tagged, whatever the work tree says now."""
        record: dict[str, Any] = json.loads(self.document(twin, number, RECORD))
        return record

    def document(self, twin: str, number: int, name: str) -> str:
        """The text of one of a release's documents as it was tagged."""
        if not self._is_tagged(twin, number):
            raise self._unknown(twin, str(number))
        return self.history.read(f"refs/tags/{tag_of(twin, number)}", f"{folder_of(twin, number)}/{name}")

    def data_files(self, twin: str, number: int) -> Mapping[str, Path]:
        """Table → Parquet file in the work tree. What is not there is brought back; what is there is not looked into.

        Raises IntegrityError when the remote has lost a file, TransientError when it cannot be reached.
        """
        folder = self.root / folder_of(twin, number)
        tables = {_table_of(name): folder / name for name in self.read(twin, number)["files"]}
        if not all(path.exists() for path in tables.values()):
            with self._locked():
                self._begin()
                self.history.restore(f"refs/tags/{tag_of(twin, number)}", f"{folder_of(twin, number)}/data.dvc")
                self.storage.pull(folder / "data.dvc")
        return tables

    def differences(self, twin: str, number: int) -> tuple[str, ...]:
        """Files of a release that are altered, missing or too many in the work tree, relative to the registry."""
        folder, record = folder_of(twin, number), self.read(twin, number)
        altered = set(self.history.changed(f"refs/tags/{tag_of(twin, number)}", folder))
        found = {f"data/{path.name}": path for path in (self.root / folder / "data").glob("*")}
        for name in found.keys() | record["files"].keys():
            if name not in found or digest_file(found[name]) != record["files"].get(name):
                altered.add(f"{folder}/{name}")
        return tuple(sorted(altered))

    def resolve(self, reference: str, *, published: int | None) -> tuple[str, int]:
        """Twin and number of `flights@7`, `flights@latest`, `flights@published`, or `flights`, which means the latest.

        `published` is what the warehouse says readers see. Raises ConfigurationError when there is no such release.
        """
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            raise ConfigurationError(f"{reference!r} names no release; wanted flights@7, flights@latest or flights@published")
        twin, which = found["twin"], found["which"] or "latest"
        known = self.numbers(twin)
        if which == "published":
            if published is None:
                raise ConfigurationError(f"{twin}: nothing is published; next: twin publish {twin}")
            return twin, published
        number = (known[-1] if known else 0) if which == "latest" else int(which)
        if number not in known:
            raise self._unknown(twin, which)
        return twin, number

    # ── steps ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _begin(self) -> None:
        self.history.begin()
        self.storage.begin()
        self.history.commit(TRACKED, "Configure the registry")

    def _sweep(self, folder: Path) -> None:
        """Remove what killed runs left: this release's folder, and others' that never came to a commit."""
        committed = {Path(path).parent for path in self.history.files("HEAD", "releases")}
        for left in (self.root / "releases").glob("*/*"):
            if left == folder or left.name.startswith(WORK_PREFIX) or left.relative_to(self.root) not in committed:
                shutil.rmtree(left)

    def _place(self, folder: Path, files: Mapping[str, Path]) -> None:
        with new_folder(folder) as work:
            (work / "data").mkdir()
            for name, source in sorted(files.items()):
                shutil.copyfile(source, work / name)

    def _require_same(self, twin: str, number: int, record: Mapping[str, Any]) -> None:
        before = self.read(twin, number)
        names = sorted((before.keys() | record.keys()) - set(VOLATILE))
        if other := [name for name in names if before.get(name) != record.get(name)]:
            raise IntegrityError(
                f"{tag_of(twin, number)} exists and is another release: {', '.join(other)} differ; a release never changes; "
                "next: make a new one"
            )

    def _is_tagged(self, twin: str, number: int) -> bool:
        return number in self.numbers(twin)

    def _info(self, twin: str, number: int) -> ReleaseInfo:
        (tag,) = (tag for tag in self.history.tags(tag_of(twin, number)) if tag.name == tag_of(twin, number))
        record = self.read(twin, number)
        rows = {name: table["rows"] for name, table in record["tables"].items()}
        return ReleaseInfo(twin, number, tag.commit, tag.created_at, record["data_digest"], rows, record["verdict"]["status"])

    def _unknown(self, twin: str, which: str) -> ConfigurationError:
        known = ", ".join(tag_of(twin, number) for number in self.numbers(twin)[-10:])
        hint = f"there are {known}" if known else f"{twin} has no releases; next: twin run {twin}"
        return ConfigurationError(f"no release {twin}@{which}; {hint}")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with exclusive(self.lock, wait_seconds=self.lock_seconds):
            yield


def _table_of(name: str) -> str:
    found = _DATA.fullmatch(name)
    if found is None:
        raise IntegrityError(f"release.json names {name}; wanted data/<table>.parquet")
    return found["table"]


def _checked(twin: str, number: int, files: Mapping[str, Path]) -> dict[str, Any]:
    """release.json, once every file may enter and is the one it names."""
    if refused := sorted(name for name in files if name not in DOCUMENTS and not _DATA.fullmatch(name)):
        raise TerminalError(f"{', '.join(refused)}: may not enter the registry; wanted {', '.join(DOCUMENTS)} and data/<table>.parquet")
    record: dict[str, Any] = read_json(files[RECORD]) if RECORD in files else {}
    inside = INSIDE if "privacy" in record else ()
    if missing := sorted(set(DOCUMENTS) - set(inside) - set(files)):
        raise TerminalError(f"{tag_of(twin, number)}: a release needs {', '.join(missing)} too")
    if outside := sorted(set(inside) & set(files)):
        raise TerminalError(f"{tag_of(twin, number)}: {', '.join(outside)} may not leave: the release promises privacy, and they do not")
    if (record["twin"], record["release"]) != (twin, number):
        raise IntegrityError(f"{RECORD} is of {record['twin']}@{record['release']}, wanted {tag_of(twin, number)}")
    data = {name: digest_file(path) for name, path in files.items() if name not in DOCUMENTS}
    wrong = {name for name in data.keys() | record["files"].keys() if data.get(name) != record["files"].get(name)}
    wrong |= {name for name, digest in record["documents"].items() if name not in files or digest_file(files[name]) != digest}
    if wrong:
        raise IntegrityError(f"{tag_of(twin, number)}: {', '.join(sorted(wrong))} not as {RECORD} says; next: twin release {twin}")
    return record
