"""Tables with `order_by` by any synthesizer: one that draws whole sequences learns families, the others a row given the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from warehouse_twin.relations.sequences import Lesson, fit_sequence
from warehouse_twin.synthesizers.protocol import Model, Synthesizer
from warehouse_twin.synthesizers.sdv_sequences import FamilyRows, ParSynthesizer


def fit_ordered(synthesizer: Synthesizer, lesson: Lesson, *, parameters: Mapping[str, Any], seed: int) -> Model:
    """The model of a table with `order_by`."""
    if isinstance(synthesizer, ParSynthesizer):
        return synthesizer.fit_families(families_in_order(lesson), parameters=parameters, seed=seed)
    return fit_sequence(synthesizer, lesson, parameters=parameters, seed=seed)


def families_in_order(lesson: Lesson) -> FamilyRows:
    """Families whose first row is known, by rows that have a time; where first events are counted from a date of the parent, that too."""
    course, facts = lesson.course, lesson.facts
    times = course.times if facts.start is None else course.times - course.parents(facts.start)
    known = (course.places.first >= 0) & ~np.isnan(times)
    rows = np.flatnonzero(known)
    rows = rows[np.lexsort((course.places.place[rows], course.places.first[rows]))]
    training = lesson.rows.select(list(lesson.columns)).take(pa.array(rows))
    columns = tuple(course.view.profile.column(name) for name in lesson.columns)
    return FamilyRows(training, course.places.first[rows], times[rows], facts, columns)
