"""MST and AIM of dpmm, for `PEERS=dpmm_mst PEER_DPMM_MST="<its python> benchmarks/elsewhere/dpmm_pgm.py mst" make bench CASE=dp`.

    pip install dpmm==0.1.9 pyarrow==16.1.0

Its pandas 2.1.0 takes no later pyarrow. A tenth of epsilon finds bounds and bins of the numbers (PrivTree, the package's default), the
rest and all of delta are the model's. The
categories of text columns and the number of rows are read without noise, as the package does when no domain is declared.
"""

from __future__ import annotations

import sys

import pandas as pd
from dpmm.pipelines import AIMPipeline, MSTPipeline
from promised import PREPROCESSING, Sample, run


def fit(rows: pd.DataFrame, epsilon: float, delta: float, seed: int) -> Sample:
    pipeline = {"aim": AIMPipeline, "mst": MSTPipeline}[sys.argv[1]]
    # The pipeline counts its two epsilons apart. One job: the package's default leaves pools of processes behind, whose time is not seen.
    model = pipeline(epsilon=(1 - PREPROCESSING) * epsilon, delta=delta, proc_epsilon=PREPROCESSING * epsilon, n_jobs=1)
    model.fit(rows, random_state=seed)

    def sample(count: int) -> pd.DataFrame:
        return model.generate(n_records=count, random_state=seed)

    return sample


if __name__ == "__main__":
    run(fit)
