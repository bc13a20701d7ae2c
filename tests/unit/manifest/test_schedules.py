from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse_twin.errors import ManifestError
from warehouse_twin.manifest.loading import load
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


TEXT = """\
twin: {twin}
source: {{warehouse: p, schema: s}}
target: {{warehouse: d, schema: {twin}}}
seed: 1
tables: {{t: }}
schedule: {schedule}
"""


@pytest.fixture
def twins(tmp_path: Path) -> Path:
    """Two twins after each other, and two that wait for each other."""
    for twin, schedule in {"first": '"@daily"', "then": "{after: first}", "egg": "{after: hen}", "hen": "{after: [first, egg]}"}.items():
        (tmp_path / f"{twin}.yml").write_text(TEXT.format(twin=twin, schedule=schedule))
    return tmp_path


def test_a_twin_may_run_after_others(twins: Path) -> None:
    (twins / "last.yml").write_text(TEXT.format(twin="last", schedule="{after: [first, then]}"))

    found = {twin: load(twins / f"{twin}.yml").manifest.schedule for twin in ("first", "then", "last")}

    assert {twin: (schedule.cron, schedule.after) for twin, schedule in found.items() if schedule} == {
        "first": ("@daily", None),
        "then": (None, ("first",)),
        "last": (None, ("first", "then")),
    }


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        ("{after: frist}", "6:19: schedule.after: unknown twin 'frist'; known: egg, first, hen, then; did you mean first?"),
        ("{after: [first, xyz]}", "6:27: schedule.after[1]: unknown twin 'xyz'; known: egg, first, hen, then"),
        ("{after: last}", "6:19: schedule.after: the twins wait for each other and none would ever run: last after last"),
        ('{cron: "@dayly"}', "6:18: schedule.cron: got '@dayly', wanted one of @once"),
        ('"@dayly"', "6:11: schedule: got '@dayly', wanted one of @once"),
        ("{after: []}", "6:19: schedule.after: got an empty list, wanted at least 1 entry"),
        ('{cron: "@daily", after: first}', "6:35: schedule.after: cron and after exclude each other"),
        ("{after: first, at: noon}", "6:26: schedule.at: unknown field 'at'; known: after, cron"),
    ],
)
def test_waiting_for_what_never_comes_is_a_fault(twins: Path, schedule: str, fault: str) -> None:
    file = twins / "last.yml"
    file.write_text(TEXT.format(twin="last", schedule=schedule))

    with pytest.raises(ManifestError) as error:
        load(file)

    assert str(error.value).replace(f"{file}:", "").startswith(fault)


def test_twins_that_wait_for_each_other_are_both_told(twins: Path) -> None:
    for twin, ways in {"egg": "egg after hen after egg", "hen": "hen after egg after hen"}.items():
        with pytest.raises(ManifestError, match=f"none would ever run: {ways}"):
            load(twins / f"{twin}.yml")


def test_waiting_for_a_circle_of_others_ends(twins: Path) -> None:
    """The circle is their fault, not this manifest's."""
    (twins / "last.yml").write_text(TEXT.format(twin="last", schedule="{after: hen}"))

    assert load(twins / "last.yml").manifest.schedule is not None
