"""A report is one page: whatever a scenario says stays text, points tell their values, and the command repeats it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
import xarray as xr

from overair import cli
from overair.figures import _points, plot, report, report_question
from overair.scenarios.results import curves, repeated, saved
from tests.checkout import CURVES, needs_checkout
from tests.figures.reading import interval
from tests.figures.test_plot import results

NASTY = [
    "</script><script>window.hit = 1</script>",
    "\"><img src='https://example.org/x' onerror=window.hit=1>",
    "--!> ]]> <!-- &lt; $x^2$ \x00\x1b[31m\u202e\ud800",
]


class Page(HTMLParser):
    """Elements with their attributes, and the text outside of them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.within = "", {"script": "", "style": "", "title": "", "pre": ""}
        self._now = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        self._now = tag

    def handle_endtag(self, tag: str) -> None:
        self._now = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._now in self.within:
            self.within[self._now] += data


def nasty() -> xr.Dataset:
    given = results(devices=(5,), schemes=NASTY)
    scenario = {"title": NASTY[0], "model": NASTY[1], "uplink": [{"kind": NASTY[2]}]}
    failure = {"point": {"uplink": NASTY[1]}, "seed": 0, "reason": NASTY[0]}
    told = {"versions": {NASTY[0]: NASTY[1]}, "failures": [failure], "scenario": scenario}
    return given.assign_attrs(
        title=NASTY[0], preset=NASTY[1], complete=0, **{name: json.dumps(value) for name, value in told.items()}
    )


@pytest.fixture(scope="module")
def page() -> str:
    return report.text(nasty(), notes=[NASTY[1]])


def test_nothing_that_a_scenario_says_becomes_an_element(page: str) -> None:
    read = Page(page)
    page.encode()  # no half of a pair is left
    assert [each for each, _ in read.elements].count("script") == 1
    assert not {"img", "a", "link", "iframe", "object"} & {each for each, _ in read.elements}
    assert not [name for _, attributes in read.elements for name in attributes if name.startswith("on")]
    assert read.text.count(NASTY[0]) > 3 and NASTY[1] in read.text  # as text, as it was
    assert not {"\x00", "\x1b", "\u202e"} & set(page)


def test_nothing_is_named_that_could_be_fetched(page: str) -> None:
    policy = next(each["content"] for _, each in Page(page).elements if each.get("http-equiv"))
    assert policy is not None and policy.startswith("default-src 'none'; img-src data:")
    links = {"href", "src", "xlink:href", "srcset", "data"}
    named = [value for _, each in Page(page).elements for name, value in each.items() if name in links]
    assert named and all(value and value.startswith(("#", "data:image/png;base64,")) for value in named)
    assert not re.search(r"@import|url\((?!#)", page)


def test_the_script_is_that_of_the_policy_and_a_few_hundred_bytes(page: str) -> None:
    import base64
    import hashlib

    script = Page(page).within["script"]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page and len(script) < 700


def test_points_tell_the_mean_and_the_interval_where_their_marks_are() -> None:
    given = results(devices=(5,)).isel(snr_db=[1])
    drawn = _points.svg(plot(given, x="round"))
    circles = [each for tag, each in Page(drawn).elements if tag == "circle"]
    marks = {(round(float(each["x"] or 0), 2), round(float(each["y"] or 0), 2)) for tag, each in Page(drawn).elements
             if tag == "use" and "clip" not in each and each.get("y")}  # fmt: skip
    at = {(float(each["cx"] or 0), float(each["cy"] or 0)): str(each["data-tells"]) for each in circles}
    assert len(circles) == len(at) == 3 * 3
    near = [min(np.hypot(x - u, y - v) for u, v in marks) for x, y in at]
    assert max(near) < 0.02
    for name, values in zip(given.uplink.values, given.accuracy.squeeze(), strict=True):
        own, word = values.transpose("seed", "round").values, str(name).replace("_", " ")
        for where, rounds in enumerate(given["round"].values):
            low, high = interval(own)[:, where]
            value = f"{own.mean(axis=0)[where]:.4g} ({low:.4g} to {high:.4g})"
            assert f"{word}\nSNR 0 dB, Devices 5\nRound: {rounds}\nTest accuracy: {value}" in at.values()


def test_of_long_lines_so_many_points_tell_their_values() -> None:
    rounds = np.arange(1, 2001)
    long = results(devices=(5,)).isel(snr_db=[0], round=np.zeros(2000, int)).assign_coords(round=rounds)
    assert 0 < sum(1 for _ in _points.points(plot(long, x="round"))) <= 3 * _points.MOST


def test_a_page_is_the_same_each_time() -> None:
    assert report.text(nasty()) == report.text(nasty())
    assert matplotlib.rcParams["svg.hashsalt"] is None


def swept(**changes: Any) -> dict[str, Any]:
    from overair.scenarios.reading import files
    from overair.scenarios.reading.searches import taken
    from overair.scenarios.reading.sweep import sweep

    plain, asked = taken(files.read("quickstart")[1] | changes)
    return sweep(plain).resolved | asked.told()


def of(scenario: dict[str, Any], preset: str) -> repeated.Again:
    return repeated.again(xr.Dataset(attrs={"scenario": json.dumps(scenario), "preset": preset}))


def test_the_command_is_that_of_the_preset_with_what_was_changed() -> None:
    assert of(swept(), "quickstart").command == "overair run quickstart --out runs/quickstart"
    told = of(swept(rounds=7, title="It's $HOME"), "quickstart").command
    assert """--set 'title="It'"'"'s $HOME"' --set rounds=7""" in told
    fewer = of(
        swept(uplink=["ideal", {"kind": "analog", "codec": "identity", "rule": "truncated_inversion"}]), "quickstart"
    )
    assert '--set \'uplink=["ideal", { kind = "analog"' in fewer.command
    assert of(swept(rounds=7), "").command == "overair run scenario.toml --out runs/again"


def test_the_file_reads_as_the_scenario_that_it_is_of() -> None:
    import tomllib

    from overair.scenarios.reading.sweep import sweep

    scenario = swept(title='a "quoted" \\ title \u00e9', variants={"A, low": {"batch_size": 8}, "B": {"batch_size": 9}})
    scenario.pop("tune")
    again = of(scenario, "")
    assert not again.json and sweep(tomllib.loads(again.file)).resolved == scenario


def test_a_scenario_that_this_version_does_not_read_is_shown_as_it_was() -> None:
    again = of({"study": "federated", "warp": 9}, "quickstart")
    assert again.json and not again.command and json.loads(again.file) == {"study": "federated", "warp": 9}
    assert "scenario field warp: " in again.fault
    page = report.text(nasty())
    assert "The scenario is not read here as it was: " in page and "This version" not in page


def test_the_command_writes_the_page_beside_the_curve(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    curves.save(results(devices=(5,)), tmp_path / "curve.csv")
    assert cli.main(["report", str(tmp_path / "curve.csv")]) == 0
    assert capsys.readouterr().out == f"report: {tmp_path / 'curve.html'}\n"
    assert "<svg" in (tmp_path / "curve.html").read_text()
    assert cli.main(["report", str(tmp_path / "curve.csv"), "--out", str(tmp_path / "no" / "x.html")]) == 2
    assert "expected a .html in a folder that exists" in capsys.readouterr().err
    (tmp_path / "page.html").mkdir()
    missing = str(tmp_path / "none.csv")  # not even looked for
    assert cli.main(["report", missing, "--out", str(tmp_path / "page.html")]) == 2
    assert f"received {tmp_path / 'page.html'}, a folder\n" in capsys.readouterr().err


@needs_checkout
@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("quickstart", "Test accuracy by SNR (-30 to 20 dB) and uplink (ideal, analog, digital), after 60 rounds."),
        (
            "required_snr",
            "SNR for accuracy >= 0.85 by devices (5, 20, 80) and variant (truncated inversion; MSE-optimal; "
            "phase only; digital, all; digital, five best links).",
        ),
        ("heterogeneity", "Test accuracy by round (10 to 100), uplink (ideal, analog) and variant (10 of them)."),
        (
            "all_compressors",
            "Relative error by compression gain allowed (4 to 320), compressor (27 of them) and steps of training (10, "
            "1,000).",
        ),
    ],
)
def test_the_question_is_the_main_measure_by_what_varies(name: str, asked: str) -> None:
    assert report_question.question(saved.load(CURVES / f"{name}.csv")) == asked


def test_the_question_stands_under_the_title() -> None:
    given = results(devices=(5,))
    written = report.text(given)
    assert f'</h1><p id="question">{report_question.question(given)}</p>' in written
    assert report_question.question(given.isel(uplink=[0], snr_db=[0], round=[-1])) == "Test accuracy, after 8 rounds."
