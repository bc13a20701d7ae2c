"""Answers on standard output, progress on standard error."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

Ended = Literal["done", "failed"]


_asked = threading.Event()


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C ends the block, at the next line of progress at the latest: Python drops one that arrives in a destructor."""

    def interrupt(signum: int, frame: object) -> None:
        _asked.set()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # signals are not this thread's
        return
    _asked.clear()
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def say(options: argparse.Namespace) -> Callable[[str], None]:
    """Progress goes to standard error, so that standard output holds the answer alone."""
    silent = options.json or options.verbose

    def tell(text: str) -> None:
        if _asked.is_set():
            raise KeyboardInterrupt
        if not silent:
            print(text, file=sys.stderr, flush=True)

    return tell


def answer(options: argparse.Namespace, value: Any, lines: Sequence[str]) -> None:
    """The value as JSON under `--json`, else its lines."""
    print(json.dumps(value, indent=2, sort_keys=True, default=str) if options.json else "\n".join(lines), flush=True)
