from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse_twin.manifest.schedules import PRESETS, check_schedule

GOOD = ["30 4 * * *", "*/15 * * * *", "0 0 1 jan MON", "0 8-18/2 1,15 * 1-5", "5 4 * * 7", "0 0 31 12 sun-thu"]


@pytest.mark.parametrize("text", [*PRESETS, *GOOD])
def test_good_schedules_pass_unchanged(text: str) -> None:
    assert check_schedule(text) == text


@pytest.mark.parametrize("text", GOOD)
def test_airflow_reads_what_passes(text: str) -> None:
    croniter = pytest.importorskip("croniter")
    assert croniter.croniter.is_valid(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@dayly", "did you mean @daily?"),
        ("@continuous", "wanted one of @once"),
        ("daily", "wanted a preset such as @daily, or five cron fields"),
        ("", "five cron fields"),
        ("60 * * * *", "got '60' as minute, wanted 0 to 59"),
        ("* 24 * * *", "as hour"),
        ("* * 0 * *", "as day of month"),
        ("* * * 13 *", "as month"),
        ("* * * mon *", "as month"),
        ("* * * * 8", "as day of week"),
        ("5-1 * * * *", "as minute"),
        ("*/0 * * * *", "as minute"),
        ("1,,2 * * * *", "as minute"),
        ("٣ * * * *", "as minute"),
    ],
)
def test_bad_schedules_say_what_was_wanted(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="wanted") as caught:
        check_schedule(text)
    assert message in str(caught.value)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(st.text("0123456789*/-,", min_size=1, max_size=5), min_size=5, max_size=5).map(" ".join))
def test_airflow_reads_whatever_passes(text: str) -> None:
    croniter = pytest.importorskip("croniter")
    try:
        check_schedule(text)
    except ValueError:
        return
    assert croniter.croniter.is_valid(text)
