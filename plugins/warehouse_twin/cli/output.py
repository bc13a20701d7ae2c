"""Answers on standard output, progress on standard error."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, Literal

Ended = Literal["done", "failed"]


def say(options: argparse.Namespace) -> Callable[[str], None]:
    """Progress goes to standard error, so that standard output holds the answer alone."""
    if options.json or options.verbose:
        return lambda text: None
    return lambda text: print(text, file=sys.stderr, flush=True)


def answer(options: argparse.Namespace, value: Any, lines: Sequence[str]) -> None:
    """The value as JSON under `--json`, else its lines."""
    print(json.dumps(value, indent=2, sort_keys=True, default=str) if options.json else "\n".join(lines), flush=True)
