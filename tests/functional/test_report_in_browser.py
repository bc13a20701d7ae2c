"""The report in a real browser: a release's own, and the same when it failed, of many tables, with long names, with nothing in it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from browser import headless, opened
from warehouse_twin.gates.report import write_report

LONG = "a_name_of_a_table_that_somebody_generated_and_nobody_will_ever_want_to_read_aloud"


def as_it_is(document: dict[str, Any]) -> dict[str, Any]:
    return document


def failed(document: dict[str, Any]) -> dict[str, Any]:
    """Every other score fails, some could not be decided, and there is a problem beside scores."""
    for place, judged in enumerate(document["verdict"]["judged"]):
        if judged["status"] != "shown":
            judged["status"] = ("fail", "pass", "undecided", "pass")[place % 4]
    document["verdict"] |= {"status": "fail", "passed": False, "problems": ["dbt_parity: revenue: rows fail it"]}
    return document


def undecided(document: dict[str, Any]) -> dict[str, Any]:
    for judged in document["verdict"]["judged"][:9]:
        judged["status"] = "undecided"
    document["verdict"] |= {"status": "undecided", "passed": False}
    return document


def twenty_tables(document: dict[str, Any]) -> dict[str, Any]:
    """Seventeen more tables after the three: each refers to one before it and to the first, the last to all and to itself."""
    [orders] = [item for item in document["resolved"]["tables"] if item["table"]["name"] == "orders"]
    names = [item["table"]["name"] for item in document["resolved"]["tables"]]
    for place in range(17):
        item = copy.deepcopy(orders)
        item["table"]["name"] = f"part_{place:02d}_of_the_warehouse"
        parents = [names[0], names[(place * 7) % len(names)]] if place < 16 else [*names, item["table"]["name"]]
        key = item["table"]["foreign_keys"][0]
        item["table"]["foreign_keys"] = [{**key, "references": parent} for parent in dict.fromkeys(parents)]
        document["resolved"]["tables"].append(item)
        names.append(item["table"]["name"])
    return document


def one_table(document: dict[str, Any]) -> dict[str, Any]:
    del document["resolved"]["tables"][1:]
    document["scores"] = [score for score in document["scores"] if score["table"] == document["resolved"]["tables"][0]["table"]["name"]]
    document["verdict"]["judged"] = []
    return document


def long_names(document: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(document)
    for name in ("orders", "credit", "reviewed"):  # a table, a column, a value
        text = text.replace(f'"{name}"', f'"{LONG}"')
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def nothing(document: dict[str, Any]) -> dict[str, Any]:
    return {}


PAGES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    made.__name__: made for made in (as_it_is, failed, undecided, twenty_tables, one_table, long_names, nothing)
}


@pytest.fixture(scope="module")
def pages(made: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of a release of the shop, as the release has it, and made again of what its `report.json` says."""
    release, folder = made / "report", tmp_path_factory.mktemp("pages")
    text = (release / "report.json").read_text()
    for name, change in PAGES.items():
        write_report(folder / f"{name}.html", change(json.loads(text)))
    assert (folder / "as_it_is.html").read_bytes() == (release / "report.html").read_bytes()
    return {name: folder / f"{name}.html" for name in PAGES}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with headless() as found:
        yield found


@pytest.mark.parametrize("name", PAGES)
def test_it_opens_offline_without_a_word(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with opened(browser, pages[name]) as found:
        assert (found.said, found.asked) == ([], [])
        assert found.page.locator("h1").is_visible()
        assert found.page.title().endswith(("passed the gate", "did not pass the gate", "could not be decided"))


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_telephone(browser: Browser, pages: dict[str, Path], name: str) -> None:
    with opened(browser, pages[name], width=400, dark=True) as found:
        found.unfold()
        assert found.page.evaluate("document.documentElement.scrollWidth") == 400
        assert found.overflowing() == []


@pytest.mark.parametrize(("name", "dark"), [("as_it_is", False), ("as_it_is", True), ("failed", True), ("undecided", False)])
def test_axe_finds_no_serious_fault(browser: Browser, pages: dict[str, Path], name: str, dark: bool) -> None:
    with opened(browser, pages[name], dark=dark) as found:
        found.unfold()
        assert found.faults() == []


def test_the_checks_see_what_is_wrong(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    wrong = '<p style="width: 900px; color: #bbb; background: #ccc">faint</p><img src="https://example.net/a.png"><script>1</script></main>'
    source = pages["nothing"].read_text()
    policy = source[source.index('<meta http-equiv="Content-Security-Policy"') :].split("\n")[0]
    (tmp_path / "wrong.html").write_text(source.replace("</main>", wrong))
    (tmp_path / "unguarded.html").write_text(source.replace("</main>", wrong).replace(policy, ""))
    with opened(browser, tmp_path / "wrong.html", width=400) as found:
        assert [text for text in found.said if "Content Security Policy" in text], "scripts and pictures are refused by the page itself"
        assert found.asked == []
        assert [text for text in found.overflowing() if "faint" in text]
        assert {text.partition(":")[0] for text in found.faults()} == {"color-contrast", "image-alt"}
    with opened(browser, tmp_path / "unguarded.html") as found:
        assert found.asked == ["https://example.net/a.png"]


def test_the_tab_key_comes_by_all_that_can_be_operated(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["as_it_is"]) as found:
        wanted, reached, unmarked = found.tabbed()
        assert reached == wanted
        assert unmarked == []
        summary = found.page.locator("summary").first
        summary.focus()
        found.page.keyboard.press("Enter")
        assert found.page.locator("details").first.evaluate("one => one.open")


def test_a_box_of_the_schema_leads_to_its_table(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["as_it_is"]) as found:
        found.page.locator(".graph a").last.focus()
        found.page.keyboard.press("Enter")
        assert found.page.evaluate("document.querySelector(':target h2').textContent") == "orders"


def test_light_dark_and_paper_differ(browser: Browser, pages: dict[str, Path]) -> None:
    def paper(dark: bool, media: str) -> str:
        with opened(browser, pages["as_it_is"], dark=dark) as found:
            found.page.emulate_media(media=media)  # type: ignore[arg-type]
            shown: str = found.page.evaluate("getComputedStyle(document.body).backgroundColor")
            return shown

    assert paper(True, "screen") != paper(False, "screen")
    assert paper(True, "print") == paper(False, "print") == "rgb(255, 255, 255)"


def test_on_paper_all_is_open(browser: Browser, pages: dict[str, Path]) -> None:
    with opened(browser, pages["as_it_is"]) as found:
        visible = "document.querySelector('details:not([open]) table.columns').checkVisibility()"
        assert not found.page.evaluate(visible)
        found.page.emulate_media(media="print")
        assert found.page.evaluate(visible)
        assert found.page.pdf().startswith(b"%PDF")
