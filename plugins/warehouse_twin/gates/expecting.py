"""Great Expectations decides: suites generated from the policy, run over the table of scores, with Data Docs left behind.

Great Expectations says success when it has evaluated nothing, so what it says counts only beside what was to be evaluated,
and that number comes from the policy and the twin's tables. Nothing leaves the machine: no analytics, no Cloud.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse_twin.errors import of_a_disk
from warehouse_twin.gates.judging import Judged, Requirement
from warehouse_twin.gates.measures import MEASURES
from warehouse_twin.gates.verdict import Evaluation
from warehouse_twin.metrics.score import Score

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SUITE_SIZE = 40
"""Great Expectations takes time with the square of a suite's size to store it."""
SCHEMA_EXPECTATIONS = 2
_KEY = "expectation"
_QUIET = ("great_expectations", "great_expectations._docs_decorators")


@dataclass(frozen=True, slots=True)
class Rows:
    """A few rows of a twin's table, for its shape: `columns` in the order they must have; `filled` when it must hold rows."""

    table: str
    columns: tuple[str, ...]
    head: pa.Table
    filled: bool


def evaluate(
    asked: Sequence[Requirement], judged: Sequence[Judged], scores: Sequence[Score], tables: Sequence[Rows], *, docs: Path, scratch: Path
) -> Evaluation:
    """Let Great Expectations evaluate every requirement and the tables' schemas; Data Docs are written to the folder `docs`.

    `judged` gives the goals that scores have; a requirement that is not in it has no score and will not be met. Nothing that
    goes wrong inside Great Expectations is an error here: it is a problem of the evaluation, which fails the verdict. But for a
    disk that takes no more, which says nothing of the twin.
    """
    expected = len(asked) + SCHEMA_EXPECTATIONS * len(tables)
    goals = {item.requirement.key: item.goal for item in judged}
    with _offline_and_quiet(), tempfile.TemporaryDirectory(dir=_made(scratch)) as work:
        try:
            results = _run(asked, goals, scores, tables, docs=docs, work=Path(work))
        except Exception as error:  # whatever it is, nothing was evaluated, and its text may hold anything
            if of_a_disk("".join(traceback.format_exception(error))):
                raise  # not the twin's fault: no verdict
            problem = f"Great Expectations stopped with {type(error).__name__}; nothing was evaluated"
            logging.getLogger(__name__).error("%s", problem)
            return Evaluation(expected, 0, {}, (problem,))
    return _read(results, expected=expected)


def _run(
    asked: Sequence[Requirement],
    goals: Mapping[str, float | None],
    scores: Sequence[Score],
    tables: Sequence[Rows],
    *,
    docs: Path,
    work: Path,
) -> list[Any]:
    """Run one checkpoint over all suites and build Data Docs; the results of single expectations."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="file", project_root_dir=work)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_pandas("twin")
    definitions = []
    frames = []
    for name, frame, expectations in _suites(asked, goals, scores, tables):
        batches = source.add_dataframe_asset(name=name).add_batch_definition_whole_dataframe("all")
        suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations))
        definitions.append(context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batches, suite=suite)))
        frames.append(frame)
    results: list[Any] = []
    for definition, frame in zip(definitions, frames, strict=True):
        result = definition.run(batch_parameters={"dataframe": frame})
        results += result.results
    with _told_of_the_disk("great_expectations.render.renderer.site_builder"):
        context.build_data_docs()
    shutil.move(work / "gx" / "uncommitted" / "data_docs" / "local_site", docs)
    return results


def _suites(
    asked: Sequence[Requirement], goals: Mapping[str, float | None], scores: Sequence[Score], tables: Sequence[Rows]
) -> Iterator[tuple[str, pd.DataFrame, list[Any]]]:
    """Name, data and expectations of every suite: a table's scores in parts, and the schema of its rows."""
    from great_expectations import expectations as stock

    from warehouse_twin.gates.score_expectation import ExpectScoreToMeetGoal

    names = dict.fromkeys(item.table for item in asked)
    for table in names:
        frame = score_frame([score for score in scores if score.table == table])
        own = [item for item in asked if item.table == table]
        for part, start in enumerate(range(0, len(own), SUITE_SIZE), start=1):
            chunk = [
                ExpectScoreToMeetGoal(**_arguments(item, goals.get(item.key)), severity=item.expectation.severity, meta={_KEY: item.key})
                for item in own[start : start + SUITE_SIZE]
            ]
            yield f"{table} scores {part}", frame, chunk
    for rows in tables:
        yield (
            f"{rows.table} rows",
            _shape(rows.head),
            [
                stock.ExpectTableColumnsToMatchOrderedList(column_list=list(rows.columns), meta={_KEY: f"columns {rows.table}"}),
                stock.ExpectTableRowCountToBeBetween(min_value=int(rows.filled), meta={_KEY: f"rows {rows.table}"}),
            ],
        )


def _shape(head: pa.Table) -> pd.DataFrame:
    """Names and number of the rows without their values, of which pandas cannot hold all: days before 1678, or after 9999."""
    import pandas as pd

    return pd.DataFrame(0, index=range(head.num_rows), columns=head.column_names)


def _arguments(asked: Requirement, goal: float | None) -> dict[str, Any]:
    return {
        "measure": asked.expectation.score,
        "target": "" if MEASURES[asked.expectation.score].worst else ", ".join(asked.columns),
        "better": asked.better,
        "burden": asked.burden,
        "min_n": asked.expectation.min_n,
        "fails_from": asked.expectation.fails_from,
        "level": asked.level,
        "goal": goal,
        "accepted": asked.accepted,
    }


def score_frame(scores: Sequence[Score]) -> pd.DataFrame:
    """The table of scores that Great Expectations reads, a row a score."""
    import pandas as pd

    rows = [(score.measure, ", ".join(score.columns), score.low, score.value, score.high, score.n, score.df) for score in scores]
    return pd.DataFrame(rows, columns=["measure", "target", "low", "value", "high", "n", "df"]).astype({"df": "float64"})


def _read(results: Sequence[Any], *, expected: int) -> Evaluation:
    """Count what was evaluated: a result with a key of ours, a yes or no, and no exception."""
    met: dict[str, bool] = {}
    problems: list[str] = []
    for result in results:
        config = result.expectation_config
        key = (config.meta or {}).get(_KEY) if config is not None else None
        if key is None or key in met:
            problems.append("Great Expectations returned a result that nobody asked for")
        elif _raised(result.exception_info):
            problems.append(f"{key}: Great Expectations raised an exception")
        elif not isinstance(result.success, bool):
            problems.append(f"{key}: Great Expectations said neither yes nor no")
        else:
            met[key] = result.success
    problems += [f"{key} of the twin's table is not as in the source" for key, good in met.items() if not good and _is_schema(key)]
    return Evaluation(expected, len(met), met, tuple(problems))


def _is_schema(key: str) -> bool:
    return key.startswith(("columns ", "rows "))


def _raised(info: Any) -> bool:
    """Exception information is a mapping, or a mapping of mappings by metric."""
    if not isinstance(info, Mapping) or not info:
        return False
    return bool(info.get("raised_exception")) or any(_raised(part) for part in info.values() if isinstance(part, Mapping))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _told_of_the_disk(name: str) -> Iterator[None]:
    """Raises OSError for a full disk that a tool met in the block and only logged, with its traceback, which is kept from the log."""
    met: list[str] = []

    def other(record: logging.LogRecord) -> bool:
        words = of_a_disk(record.getMessage())
        met.extend([words] if words else [])
        return not words

    logger = logging.getLogger(name)
    logger.addFilter(other)
    try:
        yield
    finally:
        logger.removeFilter(other)
    if met:
        raise OSError(errno.ENOSPC, met[0])


@contextmanager
def _offline_and_quiet() -> Iterator[None]:
    """No analytics, no chatter: third-party deprecations and the hundreds of lines that an import logs in a task."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
