"""MST of SmartNoise, for `PEERS=mst PEER_MST="<its python> benchmarks/elsewhere/mst.py" make bench CASE=dp`.

    pip install smartnoise-synth==1.0.8 mbi==1.1.0 jax==0.10.2 torch==2.13.0 pandas==2.3.3 pyarrow

A tenth of epsilon finds the bounds of the continuous columns, the rest and all of delta are MST's. Numbers of few values are ordinal, as
the package itself would guess them. Which columns are ordinal, categories and the number of rows are read without noise: the package
offers no private way, so its promise is narrower than ours.

Rows are drawn independently. The package itself lets mbi 1.1.0 round, which hands out the values of every column in the order of the rows
within a group: in a trial two columns, independent given a third, came out with a correlation of .98. `mst.py as_shipped` leaves it so.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
from promised import PREPROCESSING, Sample, categories, run
from snsynth import Synthesizer

SPAN = 150
"""The package takes whole numbers for ordinal when they, and their values, span less."""


class Independently:
    """A fitted model whose rows are drawn one by one, not rounded."""

    def __init__(self, fitted: Any) -> None:
        self.fitted = fitted

    def synthetic_data(self, rows: int) -> Any:
        return self.fitted.synthetic_data(rows, method="sample")


def fit(rows: pd.DataFrame, epsilon: float, delta: float, seed: int) -> Sample:
    np.random.seed(seed)  # selection and sampling; the noise is OpenDP's and takes no seed
    text = categories(rows)
    ordinal = [name for name in rows if name not in text and rows[name].max() - rows[name].min() < SPAN]
    model = Synthesizer.create("mst", epsilon=epsilon, delta=delta)
    model.fit(
        rows,
        categorical_columns=text,
        ordinal_columns=ordinal,
        continuous_columns=[name for name in rows if name not in (*text, *ordinal)],
        preprocessor_eps=PREPROCESSING * epsilon,
        nullable=False,
    )
    if sys.argv[1] != "as_shipped":
        model.synthesizer = Independently(model.synthesizer)

    def sample(count: int) -> pd.DataFrame:
        return model.sample(count)

    return sample


if __name__ == "__main__":
    run(fit)
