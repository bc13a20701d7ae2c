"""Loops over rows, compiled by numba: once for a machine where the compiled code can be kept, else once for a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(loop: Loop) -> Loop:
    """The function as machine code that lets the interpreter go while it runs.

    The code is kept beside the source, or in the user's cache; numba refuses to where neither can be written.
    """
    try:
        made: Loop = njit(nogil=True, cache=True)(loop)
    except RuntimeError:
        made = njit(nogil=True)(loop)
    return made
