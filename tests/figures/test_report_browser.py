"""A report in a real browser: it opens, its curves are there, a point tells its value, and nothing is fetched."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from overair.figures import report
from tests.figures.test_plot import results
from tests.figures.test_report import nasty

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser: install Debian's chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    driver = pytest.importorskip("playwright.sync_api", reason="no driver of browsers: pip install playwright")
    with driver.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=BROWSER)
        yield opened
        opened.close()


class Opened:
    """A page, what it asked for, and what its browser complained of."""

    def __init__(self, browser: Any, file: Path) -> None:
        self.page, self.asked, self.complaints = browser.new_page(), [], []  # type: ignore[var-annotated]
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())


def told(circle: Any) -> str:
    return str(circle.get_attribute("data-tells"))


def test_a_point_under_the_mouse_tells_its_value_and_nothing_is_fetched(browser: Any, tmp_path: Path) -> None:
    given = results(devices=(5,)).isel(snr_db=[1])
    (tmp_path / "report.html").write_text(report.text(given.assign_attrs(title="What it costs")))
    opened = Opened(browser, tmp_path / "report.html")
    page = opened.page
    assert page.title() == "What it costs" and page.locator("svg").count() == 2
    marks = page.locator("svg").first.locator("use").count()
    assert marks >= 9 and page.locator("svg").first.bounding_box()["height"] > 100
    tip = page.locator("#tip")
    assert not tip.is_visible()
    value = given.accuracy.sel(uplink="ideal", round=4).mean().item()
    text = f"ideal\nSNR 0 dB, Devices 5\nRound: 4\nTest accuracy: {value:.4g} ("
    (point,) = (each for each in page.locator("circle").all() if told(each).startswith(text))
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert tip.is_visible() and tip.inner_text() == told(point)
    page.mouse.move(2, 2)
    assert not tip.is_visible()
    assert len(opened.asked) == 1 and not opened.complaints


def test_a_hostile_scenario_runs_nothing(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(report.text(nasty()), encoding="utf-8")
    opened = Opened(browser, tmp_path / "report.html")
    assert opened.page.evaluate("window.hit") is None and opened.page.locator("img").count() == 0
    for circle in opened.page.locator("circle").all()[:3]:
        circle.dispatch_event("mouseover", {"bubbles": True})
    assert opened.page.evaluate("window.hit") is None
    assert len(opened.asked) == 1 and not opened.complaints
