"""The first links: git's objects, the release's files, and what DVC keeps of its data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from warehouse_twin.digests import digest_file
from warehouse_twin.errors import IntegrityError
from warehouse_twin.lineage.links import Chain
from warehouse_twin.lineage.naming import GATE_FILES, release_name
from warehouse_twin.lineage.release_files import commit_of, git, release_file, tagged_file, tagged_paths
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.releases.registry import folder_of
from warehouse_twin.settings import Settings

BLOCK = 1 << 20
CACHE = ".dvc/cache"
POINTER = "data.dvc"


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """What a release's tag says, which everything else is held against."""

    twin: str
    release: int
    commit: str
    digest: str
    facts: Mapping[str, Any]
    files: Mapping[str, str]
    """sha256 of the files that git holds, by path in the release's folder."""
    resolved: ResolvedTwin

    @property
    def name(self) -> str:
        return release_name(self.twin, self.release)

    @property
    def promised(self) -> bool:
        """Whether it is under a promise of privacy: then it says nothing of the source, and what does stays in the workspace."""
        return "privacy" in self.facts

    @property
    def gate_files(self) -> tuple[str, ...]:
        """What the gate left of it: releases of earlier versions have no report.json."""
        return tuple(name for name in GATE_FILES if name in self.facts.get("documents", {}))


def check_git(chain: Chain, settings: Settings, twin: str, release: int) -> ReleaseFacts | None:
    """Git's own objects, then the release as its tag has it; None, with broken links, when that cannot be read."""
    registry, name, folder = settings.workspace.registry, release_name(twin, release), folder_of(twin, release)
    chain.check("git/objects", "each object of the registry has the digest that is its name", "intact", lambda: _intact(registry))
    commit = chain.read(f"git/{name}", "the tag's commit", lambda: commit_of(registry, name))
    root = chain.read(f"git/{name}/release.json", "the tag's release.json", lambda: release_file(settings.workspace, twin, release))
    paths = chain.read(f"git/{name}/files", "the tag's list of files", lambda: tagged_paths(registry, name, folder))
    if commit is None or root is None or paths is None:
        return None
    digest, facts = root
    files: dict[str, str] = {}
    for path in paths:
        content = chain.read(f"git/{name}/{path}", "the file in the tag", partial(tagged_file, registry, name, f"{folder}/{path}"))
        if content is not None:
            files[path] = hashlib.sha256(content).hexdigest()
    resolved = chain.read(
        f"git/{name}/resolved.json",
        "the tag's resolved manifest",
        lambda: ResolvedTwin.from_dict(json.loads(tagged_file(registry, name, f"{folder}/resolved.json"))),
    )
    if resolved is None:
        return None
    chain.equal(f"git/{name}/release.json", "the release it speaks of", name, f"{facts.get('twin')}@{facts.get('release')}")
    for path, sha256 in facts.get("documents", {}).items():
        chain.equal(f"git/{name}/{path}", "sha256 of the file in the tag", sha256, files.get(path, "missing"))
    return ReleaseFacts(twin, release, commit, digest, facts, files, resolved)


def _intact(registry: Path) -> str:
    git(registry, "fsck", "--full", "--no-dangling", "--no-progress")
    return "intact"


def check_files(chain: Chain, settings: Settings, release: ReleaseFacts) -> None:
    """The work tree: small files against the tag, data files against release.json."""
    folder = settings.workspace.registry / folder_of(release.twin, release.release)
    for path, digest in release.files.items():
        chain.check(f"registry/{path}", "sha256 of the work tree's copy", digest, partial(digest_file, folder / path))
    data = release.facts.get("files", {})
    for path, digest in data.items():
        chain.check(path, "sha256 of the file", digest, partial(digest_file, folder / path))
    chain.check("data", "the files that are there", sorted(data), lambda: sorted(f"data/{path.name}" for path in _listed(folder)))


def _listed(folder: Path) -> list[Path]:
    return list((folder / "data").iterdir())


def check_dvc(chain: Chain, settings: Settings, release: ReleaseFacts) -> None:
    """DVC's cache and remote: each object's md5 is its name, and its sha256 the one in release.json."""
    registry = settings.workspace.registry
    path = f"{folder_of(release.twin, release.release)}/{POINTER}"
    pointer = chain.read(f"dvc/{POINTER}", "what DVC tracks", lambda: _listing_name(tagged_file(registry, release.name, path)))
    if pointer is None:
        return
    files = {name.removeprefix("data/"): digest for name, digest in release.facts.get("files", {}).items()}
    stores = {"cache": _local(registry / CACHE), "remote": _remote(settings)}
    for name, open_object in stores.items():
        _check_store(chain, f"dvc/{name}", pointer, open_object, files)


Opener = Callable[[str], Iterator[bytes]]


def _check_store(chain: Chain, name: str, pointer: str, open_object: Opener, files: Mapping[str, str]) -> None:
    listing = chain.read(f"{name}/{POINTER}", "md5 of the list of files is its name", lambda: _listing(open_object, pointer))
    if listing is None:
        return
    chain.equal(f"{name}/{POINTER}", "the files it lists", sorted(files), sorted(listing))
    for path, md5 in sorted(listing.items()):
        expected = {"md5": md5, "sha256": files.get(path, "none: not in release.json")}
        chain.check(f"{name}/{path}", "digests of the object", expected, partial(_digests, open_object, md5))


def _listing_name(content: bytes) -> str:
    outs = yaml.safe_load(content)["outs"]
    return str(outs[0]["md5"])


def _listing(open_object: Opener, name: str) -> dict[str, str]:
    """path → md5, from the `.dir` object of that name. Raises IntegrityError when its md5 is another."""
    content = b"".join(open_object(name))
    got = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if got != name.removesuffix(".dir"):
        raise IntegrityError(f"the list of files has md5 {got}")
    return {item["relpath"]: item["md5"] for item in json.loads(content)}


def _digests(open_object: Opener, name: str) -> dict[str, str]:
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    for block in open_object(name):
        md5.update(block)
        sha256.update(block)
    return {"md5": md5.hexdigest(), "sha256": sha256.hexdigest()}


def _local(root: Path) -> Opener:
    def blocks(name: str) -> Iterator[bytes]:
        with (root / "files" / "md5" / name[:2] / name[2:]).open("rb") as stream:
            while block := stream.read(BLOCK):
                yield block

    return blocks


def _remote(settings: Settings) -> Opener:
    """The remote's objects: a folder is read as it is, anything else through DVC."""
    url = settings.dvc_remote.removeprefix("file://")
    if "://" not in url:
        return _local(Path(url).absolute())
    from warehouse_twin.releases.remote_objects import remote_blocks

    return remote_blocks(settings.workspace.registry)
