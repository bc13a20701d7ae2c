"""The workspace: atomic writes, one secret, leftovers found."""

import stat

import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.workspace import Workspace, leftovers, new_folder, read_json, write_json, write_text


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path) -> None:
    workspace = Workspace(tmp_path / "w")
    secret = workspace.secret()
    assert len(secret) == 32
    assert workspace.secret() == secret
    assert stat.S_IMODE((tmp_path / "w" / "secret.key").stat().st_mode) == 0o600


def test_a_broken_secret_is_refused_and_not_replaced(tmp_path) -> None:
    (tmp_path / "secret.key").write_text("what is this")
    with pytest.raises(ConfigurationError, match=r"secret\.key.*restore"):
        Workspace(tmp_path).secret()
    assert (tmp_path / "secret.key").read_text() == "what is this"


def test_a_folder_appears_whole_or_not_at_all(tmp_path) -> None:
    target = tmp_path / "out"
    with pytest.raises(FileNotFoundError), new_folder(target) as folder:
        (folder / "no" / "such").write_text("x")
    assert not target.exists()
    assert leftovers(tmp_path) == []
    with new_folder(target) as folder:
        (folder / "a").write_text("1")
    with new_folder(target) as folder:
        (folder / "b").write_text("2")
    assert [path.name for path in target.iterdir()] == ["b"]


def test_a_failed_write_leaves_the_old_file(tmp_path) -> None:
    path = tmp_path / "f.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")
    assert read_json(path) == {"a": 1}
    assert leftovers(tmp_path) == []


def test_what_a_killed_process_left_is_found(tmp_path) -> None:
    (tmp_path / "x" / ".work-abc").mkdir(parents=True)
    (tmp_path / "x" / ".work-abc" / ".work-inner").write_text("")
    (tmp_path / ".work-file").write_text("")
    assert leftovers(tmp_path) == [tmp_path / ".work-file", tmp_path / "x" / ".work-abc"]


def test_paths_in_receipts_are_relative(tmp_path) -> None:
    workspace = Workspace(tmp_path)
    assert workspace.relative(workspace.output("secure", "t", "train", "k" * 64)) == "secure/t/train/" + "k" * 20
