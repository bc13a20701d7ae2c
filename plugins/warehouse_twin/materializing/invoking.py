"""Call dbt in this process: one at a time, nothing of the caller's settings in it, nothing of it left behind, no row in its words."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ONE_AT_A_TIME = threading.Lock()  # dbtRunner keeps its state in globals: two in one process fail
_LINES_SHOWN = 4
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_BETWEEN_QUOTES = re.compile(r"(?<!\w)['\"].*['\"](?!\w)|(?<!\w)['\"].+$|['\"](?!\w).*$")
"""From the first quotation mark to the last, as what is quoted may hold some itself; an apostrophe in a word is none."""
_UNQUOTED = re.compile(r"(with value )(?:.*( can't| cannot)|.*$)")
_SPOKEN = re.compile(r"(Compilation Error(?: in [^;]*)?|Invalid Input Error|Python model failed|Unhandled error[^;:]*)[;:].*")
"""What a macro, a model or `error()` of SQL says in words of its own, and of rows as it likes."""
_TYPE_OR_NUMBER = re.compile(r"(\b[A-Z]+\(\d+(?:, ?\d+)?\))|(?<!\w)-?\d[\w.:+-]*")
_NOISE = re.compile(r"LINE \d+:|\^|compiled code at|> in macro|> called by")
KEPT = ("success", "pass", "skipped", "no-op", "warn")
"""What a result may say of a node that did not go wrong."""


def _any_of_dbt(name: str) -> bool:
    return name.startswith("DBT_")


def settings_of_dbt() -> Callable[[str], bool]:
    """Whether a variable is an option of dbt's own; others that begin like one may be what a user's project asks for."""
    from dbt.cli.main import cli

    options = [option for command in (cli, *cli.commands.values()) for option in command.params]
    given = [option.envvar for option in options if option.envvar]
    names = frozenset(name for names in given for name in ([names] if isinstance(names, str) else names))
    return names.__contains__


def invoke(runner: Any, command: list[str], *, project: Path, folder: Path) -> Any:
    """One command on a project; profile, target and logs are in `folder`. What it came to, with its exception if it had one."""
    options = [
        *("--project-dir", str(project), "--profiles-dir", str(folder)),
        *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        *("--log-level", "none", "--log-level-file", "none"),  # dbt's messages quote values; ours do not
        *("--no-print", "--no-fail-fast"),
        *("--no-send-anonymous-usage-stats", "--no-version-check", "--no-partial-parse", "--no-use-colors"),
    ]
    outcome = runner.invoke([*command, *options])
    if outcome.exception is not None and not isinstance(outcome.exception, Exception):
        raise outcome.exception  # an interrupt is nobody's mistake
    return outcome


@contextmanager
def isolated(folder: Path, *, hidden: Callable[[str], bool] = _any_of_dbt) -> Iterator[None]:
    """No setting of the caller's dbt reaches what runs here, `folder` is the working one, and nothing stays behind."""
    with _ONE_AT_A_TIME:
        root = logging.getLogger()
        handlers, level = list(root.handlers), root.level
        before = Path.cwd()
        kept = {name: os.environ.pop(name) for name in list(os.environ) if hidden(name) or name == "DO_NOT_TRACK"}
        os.environ["DO_NOT_TRACK"] = "1"
        os.chdir(folder)  # a project's paths are relative to it
        try:
            yield
        finally:
            _release_connections()
            os.environ.pop("DO_NOT_TRACK", None)
            os.environ.update(kept)
            os.chdir(before)
            root.handlers[:] = handlers  # dbt adds a StreamHandler
            root.setLevel(level)


def _release_connections() -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    reset_adapters()
    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()  # a failed build may leave a handle open
    DuckDBConnectionManager.close_all_connections()


def masked(message: str, names: frozenset[str]) -> str:
    """A message of dbt or DuckDB in one line, its quoted texts and numbers hidden unless they are names of the schema."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        text = match.group(1) if match.group(1) is not None else match.group(2)
        if text and text not in names:
            return match.group()
        kept.append(match.group())
        return "\0"

    text = _SPOKEN.sub(r"\1: …", first_lines(message.replace("\0", "")))
    text = _BETWEEN_QUOTES.sub('"…"', _UNQUOTED.sub(r"\1…\2", _QUOTED.sub(keep, text)))
    text = _TYPE_OR_NUMBER.sub(lambda match: match.group(1) or "…", text)
    return re.sub("\0", lambda _: kept.pop(0), text)


def first_lines(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return "; ".join([line for line in lines if not _NOISE.match(line)][:_LINES_SHOWN])
