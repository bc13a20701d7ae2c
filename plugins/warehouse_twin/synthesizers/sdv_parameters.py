"""The parameters that manifests may give to SDV's synthesizers, with their bounds: those that change what is learned.

What concerns the machine (GPU, progress bars) and what we decide ourselves (rounding, bounds, locales) is not among them.
"""

from __future__ import annotations

from warehouse_twin.manifest.traits import Parameter, Traits

DISTRIBUTIONS = ("beta", "gamma", "gaussian_kde", "norm", "truncnorm", "uniform")
_EPOCHS = Parameter("whole", 1, 10_000)
_WIDTH = Parameter("whole", 1, 10_000)
_WIDTHS = Parameter("widths", 1, 10_000)
_RATE = Parameter("number", 0, 1)
_TRAIN_ROWS = {"train_rows": Parameter("whole", 1)}
_DISTRIBUTION = {"default_distribution": Parameter("choice", choices=DISTRIBUTIONS)}
_NETWORK = {"epochs": _EPOCHS, "batch_size": Parameter("whole", 2, 1_000_000), "embedding_dim": _WIDTH, **_TRAIN_ROWS}
_ADVERSARIAL = {
    **_NETWORK,
    "generator_dim": _WIDTHS,
    "discriminator_dim": _WIDTHS,
    "generator_lr": _RATE,
    "generator_decay": _RATE,
    "discriminator_lr": _RATE,
    "discriminator_decay": _RATE,
    "discriminator_steps": Parameter("whole", 1, 100),
    "log_frequency": Parameter("flag"),
    "pac": Parameter("whole", 1, 1_000),
}
_BATCHES = (("batch_size", 500, "pac", 10), ("batch_size", 500, "", 2))

GAUSSIAN_COPULA = Traits({**_DISTRIBUTION, **_TRAIN_ROWS}, conditional=False, cost=0.3)
CTGAN = Traits(_ADVERSARIAL, conditional=False, cost=0.07, epochs=300, multiples=_BATCHES)
COPULA_GAN = Traits({**_ADVERSARIAL, **_DISTRIBUTION}, conditional=False, cost=0.1, epochs=300, multiples=_BATCHES)
TVAE = Traits(
    {**_NETWORK, "compress_dims": _WIDTHS, "decompress_dims": _WIDTHS, "l2scale": _RATE, "loss_factor": Parameter("number", 0, 1_000)},
    conditional=False,
    cost=0.025,
    epochs=300,
)
PAR = Traits(
    {"epochs": _EPOCHS, "segment_size": Parameter("whole", 1), "sample_size": Parameter("whole", 1, 100), **_TRAIN_ROWS},
    draws="sequences",
    conditional=True,
    cost=1.0,
    epochs=128,
)
HMA = Traits({**_TRAIN_ROWS}, draws="schema", conditional=False, cost=1.0)
