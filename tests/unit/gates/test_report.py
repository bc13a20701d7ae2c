"""The report says what the verdict says, in words, escapes every name, needs no network and survives odd input."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from warehouse_twin.gates.measures import MEASURES
from warehouse_twin.gates.report import document_of, write_report
from warehouse_twin.gates.report_words import MEASURES as WORDS
from warehouse_twin.generators.generator import Generator
from warehouse_twin.manifest.resolved import Column, ForeignKey, ResolvedTable, ResolvedTwin, Table
from warehouse_twin.metrics.score import Score

VOID = {"meta", "link"}


class Page(HTMLParser):
    """Tags that balance, identifiers, links and the text a reader sees."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def values(self, attribute: str) -> list[str]:
        return [value or "" for name, value in self.attributes if name == attribute]


def render(folder: Path, **parts: Any) -> Page:
    given: dict[str, Any] = {"verdict": {}, "scores": {}, "resolved": {}, "facts": {}, "pairs": {}, "pictures": {}}
    file = folder / "report.html"
    write_report(file, document_of(**{**given, **parts}))
    return Page(file.read_text(encoding="utf-8"))


def judged(score: Score, goal: float, status: str, **more: Any) -> dict[str, Any]:
    return {"score": score.to_dict(), "goal": goal, "status": status, "suite": "fidelity", "accepted": None, "loosened": None, **more}


SHAPE = Score("column_shape", "flights", 0.992, 0.990, 0.994, 336776, floor=0.997, ceiling=0.998)
TREND = Score("pair_trend", "flights", 0.942, 0.938, 0.946, 336776, floor=0.812, ceiling=0.992)
PER_COLUMN = Score("column_shape", "flights", 0.981, 0.979, 0.983, 336776, floor=0.99, ceiling=0.995, columns=("tailnum",))
CHILDREN = Score("child_counts", "flights", 0.931, 0.92, 0.94, 3322, floor=0.7, ceiling=0.988, columns=("tailnum",))
ORPHANS = Score("orphans", "flights", 0.0, 0.0, 0.0, 336776, "lower", columns=("tailnum",))
CLOSENESS = Score("dcr_excess", "planes", 0.006, -0.02, 0.031, 664, "lower")
UNIQUE = Score("key_unique", "planes", 1.0, 1.0, 1.0, 3322)

PICTURES: dict[str, Any] = {
    "distributions": [
        {
            "column": "hour", "missing": {"real": 0.02, "twin": 0.03}, "kind": "ordered", "labels": ["under 6", "6 to 11", "12 to 23"],
            "widths": [1, 6, 12], "ends": ["under 6", "23"], "real": [0.05, 0.45, 0.5], "twin": [0.1, 0.4, 0.49], "outside": 0.01,
        },
        {
            "column": "carrier", "missing": {"real": None, "twin": 0.0}, "kind": "named", "labels": ["UA", "all others"],
            "widths": [1, 1], "ends": ["", ""], "real": [0.6, 0.4], "twin": [0.58, 0.42], "outside": 0.0,
        },
        {"column": "note", "missing": {"real": 0.0, "twin": 0.0}, "kind": "named", "labels": []},
    ],
    "seasons": [{"column": "day", "cycle": "weekday", "labels": ["Mon", "Tue"], "real": [0.5, None], "twin": [0.4, 0.6]}],
    "children": [
        {"columns": ["tailnum"], "kind": "ordered", "labels": ["0", "1"], "widths": [1, 1], "ends": ["0", "1"], "real": [0.3, 0.7],
         "twin": [0.2, 0.8], "outside": 0.0},
    ],
    "pairs": [
        {"columns": ["hour", "carrier"], "rows": ["0 to 11", "12 to 23"], "across": ["UA", "all others"],
         "real": [[0.3, None], [0.3, 0.3]], "twin": [[0.35, 0.05], [0.3, 0.3]]},
    ],
    "membership": {
        "false_alarms": [0.0, 0.5, 1.0], "found": [0.0, 0.52, 1.0], "area": 0.51, "low": 0.49, "high": 0.53,
        "found_at": {"false_alarms": 0.1, "found": 0.104}, "n": 1500,
    },
}  # fmt: skip


def flights() -> dict[str, Any]:
    """A twin of three tables, one of them kept real, in the shape `document_of` takes."""
    tailnum = Column("tailnum", "VARCHAR", False)
    airlines = Table("airlines", (Column("carrier", "VARCHAR", False),), ("carrier",))
    planes = Table("planes", (tailnum, Column("owner", "VARCHAR", True)), ("tailnum",))
    leave = Table("flights", (Column("hour", "INTEGER", True), tailnum), (), (ForeignKey(("tailnum",), "planes", ("tailnum",)),))
    tables = (
        ResolvedTable(airlines, keep_real=True),
        ResolvedTable(planes, False, "tree", {"leaf": 50}, (("gaussian_copula", {}),), pii={"owner": ("name", "en_US")}),
        ResolvedTable(leave, False, "tree"),
    )
    twin = ResolvedTwin("flights", "prod", "flights", "dev", "flights_twin", 1, "planes", 10, 0.2, tables)
    verdicts = [
        judged(SHAPE, 0.98, "pass"),
        judged(TREND, 0.96, "fail"),
        judged(CHILDREN, 0.92, "pass", loosened="Planes fly unevenly in this source."),
        judged(ORPHANS, 0.0, "pass"),
        judged(CLOSENESS, 0.02, "undecided", suite="privacy", accepted="Planes are no people, and there are few."),
        judged(UNIQUE, 1.0, "pass"),
    ]
    copula = Score("column_shape", "planes", 0.906, 0.9, 0.91, 3322).to_dict()
    ours = Score("column_shape", "planes", 0.991, 0.99, 0.995, 3322, floor=0.99, ceiling=0.996).to_dict()
    scores = [score.to_dict() for score in (SHAPE, TREND, PER_COLUMN, CHILDREN, ORPHANS, CLOSENESS, UNIQUE)]
    return {
        "verdict": {
            "twin": "flights", "release": 7, "attempt": 2,
            "status": "fail", "passed": False, "expected": 7, "evaluated": 6, "judged": verdicts,
        },
        "scores": {"scores": [*scores, ours], "challengers": {"planes": {"gaussian_copula": [copula]}}},
        "pairs": {
            "flights": {"columns": ["hour", "tailnum"], "value": [[None, 0.9], [0.9, None]], "floor": None, "ceiling": [[1, 1], [0.99, 1]]},
        },
        "pictures": {"flights": PICTURES},
        "resolved": twin.to_dict(),
        "facts": {"rows": {"airlines": 16, "planes": 3322, "flights": 336776}, "repairs": {"flights.tailnum": 52606}},
    }  # fmt: skip


# ── what it says ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_failed_verdict_says_what_failed_by_how_much(tmp_path: Path) -> None:
    text = render(tmp_path, **flights()).text
    assert "flights@7 did not pass the gate" in text
    assert "6 of 7 expected" in text
    assert "1 check never ran" in text
    assert "Failed: it is 0.942, 0.018 below the goal of at least 0.960." in text
    assert "The release is not published" in text
    for fact in ("Attempt 2", "Protected entity planes", "k 10", "Held out 20 % of entities", "Source prod · flights"):
        assert fact in text


def test_reasons_of_accepted_and_changed_goals_are_shown(tmp_path: Path) -> None:
    text = render(tmp_path, **flights()).text
    assert "Planes are no people, and there are few." in text
    assert "Planes fly unevenly in this source." in text
    assert "it is 0.006 and its interval reaches 0.031, 0.011 above the goal of at most 0.020. Measured on 664 rows" in text


def test_what_is_not_judged_stands_apart_with_what_it_waits_for(tmp_path: Path) -> None:
    parts = flights()
    told = Score("detection", "flights", 0.71, 0.69, 0.73, 4000, "lower", floor=0.93, ceiling=0.51)
    parts["verdict"]["judged"].append(judged(told, 0.66, "shown", would="fail", until="Shown until it was studied."))
    parts["scores"]["scores"].append(told.to_dict())
    before, after = render(tmp_path, **flights()).text, render(tmp_path, **parts).text
    assert "Shown, not judged" not in before
    assert "Shown, not judged" in after
    assert "0.710 not judged, would fail" in after
    assert "Shown until it was studied." in after
    said = "All 7 expected checks|6 of 7 expected|5 passed|4 passed|What failed|could not be decided"
    assert re.findall(said, before) == re.findall(said, after)


def test_a_passed_verdict_says_so_and_lists_no_failure(tmp_path: Path) -> None:
    parts = flights()
    parts["verdict"] |= {"status": "pass", "passed": True, "expected": 6, "judged": parts["verdict"]["judged"][:1]}
    text = render(tmp_path, **parts).text
    assert "flights@7 passed the gate" in text
    assert "All 6 expected checks were evaluated" in text
    assert "What failed" not in text


def test_an_undecided_verdict_says_so(tmp_path: Path) -> None:
    verdict = {"twin": "flights", "release": 7, "status": "undecided", "passed": False, "expected": 1, "evaluated": 1}
    text = render(tmp_path, verdict={**verdict, "judged": [judged(CLOSENESS, 0.02, "undecided")]}).text
    assert "flights@7 could not be decided" in text
    assert "What could not be decided" in text


def test_tables_kept_real_are_named_as_not_protected(tmp_path: Path) -> None:
    text = render(tmp_path, **flights()).text
    assert "airlines" in text
    assert text.count("passed through, not protected") == 1
    assert text.count("Passed through, not protected.") == 1


def test_a_table_shows_keys_repairs_columns_pairs_and_challengers(tmp_path: Path) -> None:
    text = render(tmp_path, **flights()).text
    assert "tailnum → refers to planes (tailnum)" in text
    assert "In the source 52,606 led to no parent and were repaired." in text
    assert "Orphans 0 % goal at most 0 % passed" in text
    assert "72 % of the way from floor to ceiling" in text
    assert "gaussian_copula" in text
    assert "0.991 best 0.906" in text
    assert "hour and tailnum 0.900 – 0.990" in text
    assert "tree (leaf = 50)" in text


def test_columns_that_generators_make_are_named_as_not_scored(tmp_path: Path) -> None:
    parts = flights()
    generators = {
        "owner": Generator("faker", {"provider": "company", "arguments": {}, "locale": "en_US"}, "VARCHAR"),
        "seats": Generator("range", {"from": 1, "to": 9, "step": None, "distribution": "learned"}, "INTEGER"),
        "speed": Generator("expression", {"text": "seats * 2"}, "INTEGER"),
    }
    parts["resolved"]["tables"][1]["generators"] = {name: asdict(each) for name, each in generators.items()}
    text = render(tmp_path, **parts).text
    assert "Made by generators, not scored owner (faker company), seats (learned range), speed (expression)" in text
    assert "Made by generators" not in render(tmp_path, **flights()).text


def test_columns_that_are_not_modelled_are_named_with_what_was_done(tmp_path: Path) -> None:
    parts = flights()
    parts["facts"] |= {"lost": {"flights": {"hour": "every value is <zero>"}}, "made_up": {"flights": {"tailnum": "made up by pattern"}}}
    page = render(tmp_path, **parts)
    assert "2 columns that are made by kind, not modelled" in page.text
    assert page.text.index("every value is <zero>") < page.text.index("made up by pattern")
    assert "made by kind" not in render(tmp_path, **flights()).text


def test_a_key_that_keeps_orphans_says_so(tmp_path: Path) -> None:
    parts = flights()
    parts["facts"] = {**parts["facts"], "repairs": {}, "orphans": {"flights.tailnum": 52606}}
    text = render(tmp_path, **parts).text
    assert "Kept: 52,606 rows of the source lead to no parent, and no constraint holds this key in the twin." in text


def test_pictures_say_in_words_what_they_draw(tmp_path: Path) -> None:
    page = render(tmp_path, **flights())
    assert "hour INTEGER" in page.text
    assert "6.0 % apart missing: real 2.0 %, twin 3.0 % 1.0 % of the twin lies outside" in page.text
    assert "missing: real unsaid" not in page.text, "nobody lacks a carrier in the twin, and of the source it may not be said"
    assert "Not drawn, as no value is held by enough entities, or there is no order: note." in page.text
    assert "Furthest apart at under 6: real 5.0 %, twin 10 %." in page.text
    assert "tailnum → planes" in page.text
    assert "Tue: real fewer than k, twin 60 %" in page.text
    assert "hour 0 to 11, carrier all others: fewer than k, or none" in page.text
    assert "hour 0 to 11, carrier UA: +5.0 points" in page.text
    assert "area under the curve is 0.510 (interval 0.490 to 0.530)" in page.text
    assert "10 % of the held-out rows (across), 10 % of those learned from" in page.text


def test_the_schema_is_a_graph_that_leads_to_every_table(tmp_path: Path) -> None:
    page = render(tmp_path, **flights())
    assert "flights (tailnum) refers to planes" in page.text
    [said] = [value for value in page.values("aria-label") if "refers to" in value]
    assert said == "flights (tailnum) refers to planes."
    assert [f"#table-{place}" for place in (1, 2, 3)] == [value for value in page.values("href") if value.startswith("#table-")][-3:]


def test_every_measure_has_words() -> None:
    assert set(MEASURES) == set(WORDS)


def test_a_score_that_passes_short_of_its_goal_says_why(tmp_path: Path) -> None:
    parts = flights()
    parts["verdict"]["judged"][1] |= {"status": "pass", "level": 0.00041}
    text = render(tmp_path, **parts).text
    assert "short of its goal, but not by more than chance explains at 0.041 %" in text
    assert text.count("more than chance explains") == 1


def test_problems_beside_scores_are_told(tmp_path: Path) -> None:
    text = render(tmp_path, verdict={"passed": False, "problems": ["dbt_parity: orders: rows fail it"]}).text
    assert "What failed dbt_parity: orders: rows fail it" in text
    assert "names no check that failed" not in text


def test_of_many_findings_the_first_are_open(tmp_path: Path) -> None:
    found = [judged(Score("null_share", "t", 0.5, 0.4, 0.6, 9, columns=(f"c{place}",)), 0.9, "fail") for place in range(9)]
    page = render(tmp_path, verdict={"passed": False, "judged": found})
    assert "4 more" in page.text
    assert page.text.count("Failed: it is 0.500") == 9


def test_the_same_inputs_make_the_same_bytes(tmp_path: Path) -> None:
    """And all that the page shows is in the document: read again from JSON, it makes the same page."""
    for name in ("one", "two"):
        write_report(tmp_path / name, json.loads(json.dumps(document_of(**flights()))))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


# ── what it must never do ────────────────────────────────────────────────────────────────────────────────────────────


def test_hostile_names_are_text_and_nothing_else(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>\"'&--></style>{{ 7 * 7 }}"
    written = json.dumps(hostile)[1:-1]
    parts = json.loads(json.dumps(flights()).replace("tailnum", written).replace("planes", written + "p"))
    parts["facts"]["repairs"] = {hostile: 3}
    page = render(tmp_path, **parts)
    assert "script" not in page.tags
    assert page.tags.count("style") == 1
    assert hostile in "".join(page.words)


def test_the_page_asks_for_nothing_and_runs_nothing(tmp_path: Path) -> None:
    page = render(tmp_path, **flights())
    source = (tmp_path / "report.html").read_text()
    assert not re.search(r"https?:|//[a-z]|@import|url\(|javascript:", source)
    assert not {"script", "iframe", "img", "object", "embed", "base", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "src"]
    assert all(value.startswith("#") or value == "data:," for value in page.values("href"))
    assert "default-src 'none'" in source


def test_links_lead_somewhere_and_identifiers_are_unique(tmp_path: Path) -> None:
    page = render(tmp_path, **flights())
    identifiers = page.values("id")
    assert len(identifiers) == len(set(identifiers))
    wanted = [value[1:] for value in page.values("href") if value.startswith("#")] + page.values("aria-labelledby")
    assert set(wanted) <= set(identifiers)


def test_every_chart_has_a_title_and_every_heading_follows_its_parent(tmp_path: Path) -> None:
    page = render(tmp_path, **flights())
    source = (tmp_path / "report.html").read_text()
    charts = re.findall(r'<svg [^>]*role="img">\s*<title>', source)
    assert len(charts) == source.count('role="img"') > 5
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"verdict": {"passed": True}, "pairs": None},
        {"verdict": {"judged": [{}, None, {"score": {"table": "t", "measure": "m", "value": float("nan")}, "status": "strange"}]}},
        {"scores": {"scores": [{"table": "t", "measure": "", "value": None, "columns": "a"}], "challengers": {"t": {"s": [{}]}}}},
        {"scores": {"scores": "none", "challengers": []}, "facts": {"rows": [], "repairs": {"x": None}}},
        {"scores": {"scores": [{"table": "t", "measure": "new_one", "value": 1, "low": 0, "high": 2, "columns": ["a", "b"]}]}},
        {"resolved": {"tables": [{}, {"table": {"name": "t", "columns": [{}], "foreign_keys": [{}]}, "pii": {"a": "name"}}]}},
        {"pictures": {"t": 3, "u": {"distributions": [{}, 4], "pairs": [{"rows": [1]}], "membership": []}}},
        {
            "pictures": {"t": {"distributions": [{"labels": ["a"], "real": [1], "twin": ["x"]}], "membership": {"found": [1]}}},
            "resolved": {"tables": [{"table": {"name": "t", "foreign_keys": [{"references": "t"}, {"references": "u"}]}}]},
        },
        {"pairs": {"t": {"columns": ["a", "b"]}}, "resolved": {"tables": [{"table": {"name": "t"}}]}},
    ],
)
def test_odd_and_empty_inputs_still_make_a_page(tmp_path: Path, parts: dict[str, Any]) -> None:
    page = render(tmp_path, **parts)
    assert "the gate" in page.text
    assert "In plain words" in page.text


def test_a_verdict_without_a_word_is_no_pass(tmp_path: Path) -> None:
    text = render(tmp_path).text
    assert "did not pass the gate" in text
    assert "The verdict names no check that failed." in text
