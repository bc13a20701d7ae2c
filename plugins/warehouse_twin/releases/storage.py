"""The registry's DVC: the releases' data, addressed by content, and a remote that keeps a second copy.

`verify = true`, since DVC does not look at what it pulls from a local remote; `autostage` off, since git is ours to drive.
The remote's URL is written relative to the registry where it can be, so that a workspace may move.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse_twin.errors import ConfigurationError, IntegrityError, LockedError, TransientError
from warehouse_twin.workspace import WORK_PREFIX, write_text

TRACKED = (".dvc/config", ".dvc/.gitignore", ".dvcignore")
REMOTE = "store"


@dataclass(frozen=True, slots=True)
class Storage:
    """The DVC repository at `root`, which is a git repository's root, with one remote."""

    root: Path
    remote_url: str

    @property
    def _indexes(self) -> Path:
        return self.root / ".dvc" / "tmp" / "site"

    def begin(self) -> None:
        """Write the configuration where it differs; each file appears whole. What a killed process left of one is dropped."""
        for left in [path for folder in (self.root, self.root / ".dvc") for path in folder.glob(f"{WORK_PREFIX}*") if path.is_file()]:
            left.unlink()
        # Machine paths stay out of git. The default place for DVC's indexes is outside the workspace.
        local = f"[core]\n    site_cache_dir = {_value(str(self._indexes))}\n"
        texts = {
            ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
            ".dvcignore": "# Paths below the registry that DVC leaves alone.\n.work-*\n",
            ".dvc/config.local": local,
            ".dvc/config": (
                f"[core]\n    remote = {REMOTE}\n    analytics = false\n    check_update = false\n    autostage = false\n"
                f"['remote \"{REMOTE}\"']\n    url = {_value(self._portable_url())}\n    verify = true\n"
            ),
        }
        for name, text in texts.items():
            path = self.root / name
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                write_text(path, text)

    def track(self, folder: Path) -> None:
        """Put a folder's files into the cache and write `<folder>.dvc` beside it, with DVC's indexes made anew: of one that a killed
        process began DVC believes that what it lacks need not be pushed."""
        shutil.rmtree(self._indexes, ignore_errors=True)
        with self._repository() as repository:
            self._sweep(repository.cache.local)
            repository.add(str(folder))

    def push(self, target: Path) -> None:
        """Copy what `target`, a .dvc file, stands for to the remote. Raises TransientError when that cannot be reached."""
        with self._repository() as repository, self._reaching("push"):
            self._sweep(repository.cloud.get_remote_odb())
            repository.push(targets=[str(target)])

    def pull(self, target: Path) -> None:
        """Bring back the files `target` stands for, from the cache or the remote.

        Raises TransientError when the remote cannot be reached, IntegrityError when it has lost or altered them.
        """
        from dvc.exceptions import CheckoutError, DownloadError

        with self._repository() as repository, self._reaching("pull"):
            try:
                repository.pull(targets=[str(target)], force=True)
            except (CheckoutError, DownloadError) as error:
                if not _reachable(repository):
                    raise
                name = target.relative_to(self.root)
                raise IntegrityError(
                    f"{name}: the DVC remote {self.remote_url} has lost or altered some of its files ({type(error).__name__}); "
                    "next: restore the remote from a backup, or make a new release"
                ) from None

    def _sweep(self, store: Any) -> None:
        """Drop what a killed process left half-written in a folder of objects.

        DVC makes a whole object read-only, and hashes any other file that it meets again; but a folder's list it takes for whole, and
        with it all that the list names, wherever there is a file of that name.
        """
        if store.fs.protocol != "local":
            return  # an object appears whole there
        store.oids_exist([oid for oid in store.all() if oid.endswith(".dir")])  # hashes what can be written, drops what is not itself
        folder = Path(store.path)
        if folder.is_relative_to(self.root.parent.absolute()):  # any other remote may be written to by somebody else now
            for left in folder.glob("??/.*.tmp"):
                left.unlink()

    def answers(self) -> bool:
        """Whether the remote can be reached now."""
        with self._repository() as repository:
            return _reachable(repository)

    @contextmanager
    def _repository(self) -> Iterator[Any]:
        from dvc.exceptions import DvcException
        from dvc.lock import LockError
        from dvc.logger import set_loggers_level
        from dvc.repo import Repo

        # DVC looks up the process that left this file by its number, which another may have by now. Who holds the
        # registry's lock is alone, but for a person at the command line, whom DVC's own lock keeps out.
        (self.root / ".dvc" / "tmp" / "rwlock").unlink(missing_ok=True)
        with set_loggers_level(logging.CRITICAL):  # above ERROR there are no progress bars
            try:
                repository = Repo(str(self.root))
                try:
                    yield repository
                finally:
                    repository.close()
            except LockError:
                raise LockedError(f"registry {self.root}: another DVC command is at work in it; try again when it has ended") from None
            except DvcException as error:
                raise TransientError(
                    f"registry {self.root}: DVC failed ({type(error).__name__}: {error}); next: dvc doctor there"
                ) from None

    @contextmanager
    def _reaching(self, verb: str) -> Iterator[None]:
        """Errors of a transfer: a missing package is terminal, anything else may pass."""
        from dvc.config import ConfigError
        from dvc.exceptions import DvcException
        from dvc.lock import LockError

        try:
            yield
        except LockError:
            raise
        except ImportError as error:
            raise ConfigurationError(f"DVC remote {self.remote_url}: {error}; next: pip install the package named") from None
        except ConfigError as error:
            raise ConfigurationError(f"DVC remote {self.remote_url}: {error}") from None
        except (DvcException, OSError) as error:
            raise TransientError(
                f"DVC remote {self.remote_url} cannot be reached: {verb} failed ({type(error).__name__}: {error}); "
                f"next: dvc {verb} -v in {self.root}, then run the stage again"
            ) from None

    def _portable_url(self) -> str:
        """The URL as it is committed. DVC reads a relative path as relative to its configuration file."""
        if re.match(r"[^/]*://[^/@]*:[^/@]*@", self.remote_url):
            raise ConfigurationError(
                "the DVC remote's URL holds a password, which would be committed; wanted it in DVC's own configuration"
            )
        if "://" in self.remote_url:
            return self.remote_url
        remote, workspace = Path(self.remote_url).absolute(), self.root.parent.absolute()
        return os.path.relpath(remote, self.root.absolute() / ".dvc") if remote.is_relative_to(workspace) else str(remote)


def _value(text: str) -> str:
    """A text in DVC's configuration, quoted: commas and hashes mean something there."""
    quote = next((mark for mark in "\"'" if mark not in text), None)
    if quote is None or "\n" in text:
        raise ConfigurationError(f"DVC cannot be configured with {text!r}: both quotes, or a line break, in it")
    return f"{quote}{text}{quote}"


def _reachable(repository: Any) -> bool:
    try:
        store = repository.cloud.get_remote_odb()
        return bool(store.fs.exists(store.path))
    except Exception:  # any file system's library may raise anything
        logging.getLogger(__name__).debug("DVC remote did not answer", exc_info=True)
        return False
