"""Every score says which versions computed it."""

from __future__ import annotations

from importlib.metadata import version

from warehouse_twin import __version__
from warehouse_twin.gates.measures import MEASURES
from warehouse_twin.gates.versions import stamped
from warehouse_twin.metrics.replicates import exact
from warehouse_twin.metrics.score import Score


def test_scores_say_what_computed_them_and_keep_what_they_say() -> None:
    trained, counted = stamped([exact("utility", "t", 1.0, n=5), exact("tails", "t", 1.0, n=5)])
    assert trained.computed_by == {
        "warehouse-twin": __version__, "numpy": version("numpy"), "scikit-learn": version("scikit-learn"), "scipy": version("scipy"),
    }  # fmt: skip
    assert counted.computed_by == {"warehouse-twin": __version__, "numpy": version("numpy")}
    other = Score("drift", "t", 1.0, 1.0, 1.0, 5, computed_by={"duckdb": "2"})
    assert stamped([other]) == [other]
    assert Score.from_dict(trained.to_dict()) == trained
    assert hash(trained) == hash(exact("utility", "t", 1.0, n=5))


def test_every_measure_has_versions_and_a_score_of_before_has_none() -> None:
    assert all(score.computed_by for score in stamped(exact(measure, "t", 1.0, n=5) for measure in MEASURES))
    earlier = {name: part for name, part in exact("tails", "t", 1.0, n=5).to_dict().items() if name != "computed_by"}
    assert Score.from_dict(earlier).computed_by == {}
