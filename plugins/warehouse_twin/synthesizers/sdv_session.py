"""How SDV (BUSL-1.1, see README) is run: seeded, in one thread and without a word."""

from __future__ import annotations

import contextlib
import io
import logging
import random
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from warehouse_twin.synthesizers.protocol import LOSSES
from warehouse_twin.workspace import write_json

_LOGGERS = ("sdv", "rdt", "copulas", "ctgan", "deepecho", "SingleTableSynthesizer", "MultiTableSynthesizer", "PARSynthesizer")
_FILE = "model.pkl"


@contextlib.contextmanager
def sdv_session(*, seed: int) -> Iterator[None]:
    """SDV reads the global generators: they start from `seed` here, and are left as they were found.

    One thread, as sums over more come out differently from run to run. SDV prints and warns: what it says holds no advice that a
    scheduled run could take.
    """
    import torch

    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    before = random.getstate(), np.random.get_state(), torch.get_rng_state(), torch.get_num_threads()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed % 2**63)
    torch.set_num_threads(1)
    silence = io.StringIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
        torch.set_num_threads(before[3])


def save_fitted(fitted: Any, folder: Path, losses: Mapping[str, list[float]]) -> None:
    """SDV's own pickle: it holds values of the training part, so it stays in the secure zone.

    Equal models draw equal rows, but their files differ: sets and the states of unused generators are written as they happen to be.
    """
    with sdv_session(seed=0):
        fitted.save(str(folder / _FILE))
    if losses:
        write_json(folder / LOSSES, losses)


def load_fitted(folder: Path) -> Any | None:
    """What `save_fitted` wrote, its digest checked by the caller (`synthesizers.registry.load_model`); None when nothing was."""
    from sdv.utils import load_synthesizer

    if not (folder / _FILE).exists():
        return None
    with sdv_session(seed=0):
        return load_synthesizer(str(folder / _FILE))


def losses_of(fitted: Any) -> dict[str, list[float]]:
    """Curve → loss by epoch, the mean of its batches; none for what is not trained in epochs."""
    if not hasattr(fitted, "get_loss_values"):
        return {}
    by_epoch = fitted.get_loss_values().astype(float).groupby("Epoch").mean()
    known = {"Loss": "loss", "Generator Loss": "generator_loss"}  # SDV misspells the discriminator's
    curves = {known.get(name, "discriminator_loss"): by_epoch[name].tolist() for name in by_epoch.columns if name != "Batch"}
    return {name: [round(value, 6) for value in values] for name, values in curves.items()}
