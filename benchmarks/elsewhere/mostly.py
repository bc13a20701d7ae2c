"""mostlyai-engine trained with differential privacy, for `PEERS=mostlyai PEER_MOSTLYAI="<its python> benchmarks/elsewhere/mostly.py" …`.

    pip install mostlyai-engine==2.7.3 torch==2.13.0 opacus==1.6.0 pandas==3.1.1

A tenth of epsilon is the engine's value protection (bounds and categories), within `max_epsilon`; the rest is DP-SGD's. By itself the
engine trains with fixed noise until epsilon or patience is spent; here EPOCHS are planned and the noise is as small as they allow. What the
engine reads without noise all the same: the number of rows, the digits of numbers, and the loss of its validation rows, which chooses the
checkpoint. Delta is training's; the package counts none for the analysis, though that puts noise only on categories that occur.

Where torch is a build for the CPU, a torchvision of another build breaks the import of transformers: uninstall it, nothing here needs it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
import torch
from mostlyai.engine import TabularARGN
from mostlyai.engine.domain import DifferentialPrivacyConfig
from opacus.accountants.utils import get_noise_multiplier
from promised import PREPROCESSING, Sample, categories, run

EPOCHS = 10
BATCH, TRAINED = 256, 0.8
"""What the engine would choose for as many rows as Adult has, and the share it keeps for training, as the noise has to know both."""


def fit(rows: pd.DataFrame, epsilon: float, delta: float, seed: int) -> Sample:
    batches = -(-round(TRAINED * len(rows)) // BATCH)
    noise = get_noise_multiplier(
        target_epsilon=(1 - PREPROCESSING) * epsilon,
        target_delta=delta,
        sample_rate=1 / batches,
        steps=EPOCHS * batches,
        epsilon_tolerance=0.01 * epsilon,
    )
    text = categories(rows)
    kinds = {name: "TABULAR_CATEGORICAL" if name in text else "TABULAR_NUMERIC_AUTO" for name in rows}
    promise = DifferentialPrivacyConfig(
        max_epsilon=epsilon, delta=delta, noise_multiplier=noise, value_protection_epsilon=PREPROCESSING * epsilon
    )
    folder = tempfile.mkdtemp()
    model = TabularARGN(
        tgt_encoding_types=kinds,
        differential_privacy=promise,
        batch_size=BATCH,
        max_epochs=EPOCHS,
        device="cpu",
        workspace_dir=folder,
        random_state=seed,
    )
    model.fit(rows)
    (told,) = Path(folder).rglob("progress-messages.csv")
    spent = pd.read_csv(told).query("is_checkpoint == 1")["dp_eps"].max()
    # The engine keeps the weights of a first epoch even when they cost too much.
    if not spent <= epsilon:
        raise AssertionError(f"{spent} was spent of {epsilon}")

    def sample(count: int) -> pd.DataFrame:
        return model.sample(count)

    return sample


if __name__ == "__main__":
    torch.set_num_threads(1)
    run(fit)
