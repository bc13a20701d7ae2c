"""A page in a real browser: the system's Chromium, headless, and nothing that it could load."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
SERIOUS = ("serious", "critical")
_OVERFLOWING = """() => [...document.querySelectorAll('body *')]
    .filter(one => !one.closest('.scroll') && !one.closest('svg svg') && one.checkVisibility())
    .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(one => one.outerHTML.slice(0, 120))"""
_STOPS = """() => [...document.querySelectorAll('a[href], summary, [tabindex="0"], button, input, select, textarea')]
    .filter(one => one.checkVisibility({contentVisibilityAuto: true}) && one.getClientRects().length)
    .map((one, place) => { one.dataset.stop = place; return place; })"""
_FOCUSED = """() => {
    const one = document.activeElement, style = getComputedStyle(one), box = one.querySelector('.box');
    const marked = style.outlineStyle !== 'none' || (box && parseFloat(getComputedStyle(box).strokeWidth) > 2);
    return [one === document.body ? null : one.dataset.stop ?? one.outerHTML.slice(0, 120), Boolean(marked)];
}"""


def chromium() -> str:
    """The browser's program. A test that needs it fails without, and says what to do."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        pytest.fail(f"no {', '.join(NAMES)}: the report is tested in a real browser; next: make chromium", pytrace=False)
    return found


@contextmanager
def headless() -> Iterator[Browser]:
    # Chromium's sandbox refuses root, and a container's /dev/shm may be too small for it
    arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=chromium(), args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Opened:
    """A page as it was opened: what it said, and what it asked for beside itself (nothing of which it got)."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        """The serious faults that axe-core finds."""
        from axe_playwright_python.sync_playwright import Axe

        found: dict[str, Any] = Axe().run(self.page).response
        assert len(found["passes"]) > 10, "axe-core has looked"
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"] if one["impact"] in SERIOUS]

    def overflowing(self) -> list[str]:
        """What is wider than the screen, and lies in nothing that scrolls by itself."""
        wide: list[str] = self.page.evaluate(_OVERFLOWING)
        return wide

    def unfold(self) -> None:
        self.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")

    def tabbed(self) -> tuple[list[int], list[int], list[int]]:
        """Places of all that can be operated, those that the tab key comes by, and those of which one does not see it."""
        wanted: list[int] = self.page.evaluate(_STOPS)
        reached, unmarked = [], []
        for _ in range(len(wanted) + 1):
            self.page.keyboard.press("Tab")
            stop, marked = self.page.evaluate(_FOCUSED)
            if stop is None:
                break
            reached.append(int(stop))
            unmarked += [] if marked else [int(stop)]
        return wanted, reached, unmarked


@contextmanager
def opened(browser: Browser, file: Path, *, width: int = 1280, dark: bool = False) -> Iterator[Opened]:
    """A file in a window of its own, without a network; the check of the page's own policy is left on."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", offline=True)
    try:
        found, url = Opened(context.new_page()), file.as_uri()

        def answer(route: Route) -> None:
            if route.request.url.partition("#")[0] == url:
                route.continue_()
            else:
                found.asked.append(route.request.url)
                route.abort()

        context.route("**/*", answer)
        found.page.on("console", lambda message: found.said.append(message.text))
        found.page.on("pageerror", lambda error: found.said.append(str(error)))
        found.page.goto(url)
        yield found
    finally:
        context.close()
