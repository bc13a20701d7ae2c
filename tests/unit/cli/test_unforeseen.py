"""Errors that nobody foresaw end a command with status 2 and one line that quotes nothing."""

import errno
from pathlib import Path

import pytest

from warehouse_twin.cli import commands
from warehouse_twin.cli.main import CANNOT_RUN, main


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OSError(errno.EROFS, "SENTINEL", "/ws/locks/a.lock"), "/ws/locks/a.lock: Read-only file system"),
        (ValueError("SENTINEL"), "unforeseen ValueError at "),
    ],
)
def test_one_line_and_no_value(error: Exception, shown: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setenv("TWIN_WORKSPACE", str(tmp_path))
    monkeypatch.setattr(commands, "manifest_check", fail)
    assert main(["manifest", "check"]) == CANNOT_RUN
    told = capsys.readouterr().err
    assert shown in told
    assert "SENTINEL" not in told
    assert told.count("\n") == 1
    with pytest.raises(type(error)):
        main(["manifest", "check", "--verbose"])
