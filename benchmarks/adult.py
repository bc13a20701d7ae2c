"""Adult census income: `DATA=<folder> make bench CASE=adult`, the folder holding train.parquet and holdout.parquet."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from benchmarks.study import Case, run, seeds

TARGET = "income"


def predicts_income(training: pd.DataFrame, test: pd.DataFrame) -> float:
    """AUC of predicting high income on real held-out rows, trained on the given rows."""
    encoder = make_column_transformer(
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), make_column_selector(dtype_include=object)),
        remainder="passthrough",
    )
    model = make_pipeline(encoder, HistGradientBoostingClassifier(random_state=0))
    labels = [rows[TARGET].astype(str).str.contains(">").to_numpy() for rows in (training, test)]
    model.fit(training.drop(columns=TARGET), labels[0])
    return float(roc_auc_score(labels[1], model.predict_proba(test.drop(columns=TARGET))[:, 1]))


def main() -> int:
    data = Path(os.environ.get("DATA", ""))
    if not (data / "train.parquet").is_file():
        print("the Adult case needs DATA=<folder> with train.parquet and holdout.parquet (UCI Adult, split once)", file=sys.stderr)
        return 2
    case = Case(
        name="adult",
        training=pq.read_table(data / "train.parquet"),
        holdout=pq.read_table(data / "holdout.parquet"),
        utilities={"income_auc": predicts_income},
    )
    run(case, seeds=seeds(5))
    return 0


if __name__ == "__main__":
    sys.exit(main())
