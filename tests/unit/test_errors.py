"""Errors survive a process boundary, and the terminal and the transient are apart."""

import pickle

import pytest

from warehouse_twin.errors import (
    ConfigurationError,
    Fault,
    IntegrityError,
    LockedError,
    ManifestError,
    SourceError,
    TerminalError,
    TransientError,
    of_a_disk,
)


def test_a_manifest_error_names_every_fault_in_order() -> None:
    error = ManifestError([Fault("f.yml", 9, 1, "tables.a", "second"), Fault("f.yml", 2, 3, "", "first")])
    assert str(error) == "f.yml:2:3: first\nf.yml:9:1: tables.a: second"


@pytest.mark.parametrize("error", [ManifestError([Fault("f", 1, 1, "p", "m")]), LockedError("x"), SourceError("y"), IntegrityError("z")])
def test_errors_can_be_pickled(error) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)


def test_the_two_families_do_not_meet() -> None:
    assert issubclass(ConfigurationError, TerminalError)
    assert issubclass(LockedError, TransientError)
    assert not issubclass(TerminalError, TransientError)
    assert not issubclass(TransientError, TerminalError)


@pytest.mark.parametrize(
    "text", ["IO Error: No space left on device", "(sqlite3.OperationalError) database or disk is full", "Disk quota exceeded"]
)
def test_a_disk_that_takes_no_more_is_known_by_what_tools_call_it(text: str) -> None:
    assert of_a_disk(text) in text
    assert of_a_disk(text)
    assert of_a_disk("Binder Error") == ""
