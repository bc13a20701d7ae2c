"""The one custom expectation of Great Expectations: a score, in a table of scores, meets its goal.

Importing this module imports Great Expectations (seconds) and registers the class; only `expecting` does it, inside a function.
A process that has not imported it evaluates nothing and calls that success, which is why the gate counts (GX 1.24).
"""

# No `from __future__ import annotations`: GX reads the annotations of its models with pydantic 1.

import math
from typing import Any, ClassVar, Dict, List, Optional, Tuple  # noqa: UP035

from great_expectations.execution_engine import PandasExecutionEngine  # noqa: TID253
from great_expectations.expectations.expectation import BatchExpectation, render_suite_parameter_string  # noqa: TID253
from great_expectations.expectations.metrics.metric_provider import metric_value  # noqa: TID253
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider  # noqa: TID253
from great_expectations.render import LegacyRendererType, RenderedStringTemplateContent  # noqa: TID253
from great_expectations.render.renderer.renderer import renderer  # noqa: TID253
from great_expectations.render.renderer_configuration import RendererConfiguration, RendererValueType  # noqa: TID253

from warehouse_twin.gates.judging import status_of
from warehouse_twin.gates.measures import MEASURES
from warehouse_twin.metrics.intervals import ONE_SIDED, at_level

METRIC = "twin.score"


class TwinScore(TableMetricProvider):
    """The rows (low, value, high, n, df) of a table of scores that hold one measure of one target."""

    metric_name = METRIC
    value_keys = ("measure", "target")

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,
        execution_engine: Any,
        metric_domain_kwargs: Dict[str, Any],  # noqa: UP006
        metric_value_kwargs: Dict[str, Any],  # noqa: UP006
        metrics: Dict[str, Any],  # noqa: UP006
        runtime_configuration: Dict[str, Any],  # noqa: UP006
    ) -> List[Any]:  # noqa: UP006
        frame, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type="table")
        rows = frame[frame["measure"] == metric_value_kwargs["measure"]]
        if not MEASURES[metric_value_kwargs["measure"]].worst:
            rows = rows[rows["target"] == metric_value_kwargs["target"]]
        return [
            (float(row.low), float(row.value), float(row.high), int(row.n), None if math.isnan(row.df) else int(row.df))
            for row in rows.itertuples()
        ]


class ExpectScoreToMeetGoal(BatchExpectation):
    """Expect that a score was measured once and that it, with its interval, meets its goal.

    `level` is what lies beyond either end of that interval: .025 of a 95 % interval, less where many scores share the chance.
    `target` names the columns the score is about, empty for a whole table and where only the score knows them. `goal` is
    None where there is nothing to compare with: that is undecided, which is met only when it is `accepted`.
    """

    measure: str
    target: str = ""
    better: str
    burden: str
    min_n: int
    fails_from: Optional[int] = None  # noqa: UP045
    level: float = ONE_SIDED
    goal: Optional[float] = None  # noqa: UP045
    accepted: Optional[str] = None  # noqa: UP045

    metric_dependencies: ClassVar[Tuple[str, ...]] = (METRIC,)  # noqa: UP006
    success_keys: ClassVar[Tuple[str, ...]] = (  # noqa: UP006
        "measure", "target", "better", "burden", "min_n", "fails_from", "level", "goal", "accepted",
    )  # fmt: skip
    args_keys: ClassVar[Tuple[str, ...]] = success_keys  # noqa: UP006

    def _validate(
        self,
        metrics: Dict[str, Any],  # noqa: UP006
        runtime_configuration: Optional[Dict[str, Any]] = None,  # noqa: UP006, UP045
        execution_engine: Any = None,
    ) -> Dict[str, Any]:  # noqa: UP006
        rows = metrics[METRIC]
        if len(rows) != 1:
            return {"success": False, "result": {"observed_value": f"measured {len(rows)} times, wanted once"}}
        low, value, high, n, df = rows[0]
        interval = at_level((low, value, high), df, level=self.level)
        asked = {"goal": self.goal, "better": self.better, "burden": self.burden, "min_n": self.min_n, "fails_from": self.fails_from}
        status = status_of(interval, n=n, **asked)  # type: ignore[arg-type]
        met = status == "pass" or (status == "undecided" and self.accepted is not None)
        return {"success": met, "result": {"observed_value": f"{value:.6g} ({low:.6g} to {high:.6g}, n = {n:,}): {status}"}}

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: RendererConfiguration) -> RendererConfiguration:
        renderer_configuration.add_param(name="measure", param_type=RendererValueType.STRING)
        renderer_configuration.add_param(name="target", param_type=RendererValueType.STRING)
        renderer_configuration.add_param(name="goal", param_type=RendererValueType.NUMBER)
        renderer_configuration.template_str = _sentence(renderer_configuration.kwargs)
        return renderer_configuration

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    @render_suite_parameter_string
    def _prescriptive_renderer(
        cls,
        configuration: Any = None,
        result: Any = None,
        runtime_configuration: Optional[Dict[str, Any]] = None,  # noqa: UP006, UP045
    ) -> List[RenderedStringTemplateContent]:  # noqa: UP006
        kwargs = RendererConfiguration(configuration=configuration, result=result, runtime_configuration=runtime_configuration).kwargs
        styling = (runtime_configuration or {}).get("styling", {})
        template = {"template": _sentence(kwargs), "params": {**kwargs}, "styling": styling}
        return [RenderedStringTemplateContent(content_block_type="string_template", string_template=template)]


def _sentence(kwargs: Dict[str, Any]) -> str:  # noqa: UP006
    """The expectation as Data Docs show it."""
    about = " of $target" if kwargs.get("target") not in ("", None) else ""
    if kwargs.get("goal") is None:
        return f"$measure{about} has no yardstick to be compared with."
    return f"$measure{about} must be at {'least' if kwargs['better'] == 'higher' else 'most'} $goal."
