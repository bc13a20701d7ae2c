"""Ctrl-C ends a command, also when Python drops the exception it raised."""

import argparse
import signal

import pytest

from warehouse_twin.cli.output import interruptible, say


def test_an_interrupt_that_was_dropped_ends_the_command_at_the_next_line() -> None:
    before = signal.getsignal(signal.SIGINT)
    tell = say(argparse.Namespace(json=True, verbose=False))
    with interruptible():
        tell("first")
        with pytest.raises(KeyboardInterrupt):  # as a destructor would: raised, and lost
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            tell("second")
    assert signal.getsignal(signal.SIGINT) is before
    with interruptible():
        tell("a new command knows nothing of it")
