"""The study of retrieval: the numbers of its parts put together by hand, all trained once, nothing lost by a stop."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import xarray as xr

from overair.learning.data import omniglot
from overair.learning.inference.retrieval import analog, bitmaps, embedding, heads, quantised
from overair.learning.inference.retrieval.choice import ChosenPackets, Description, worthwhile
from overair.learning.inference.retrieval.drawings import Drawings
from overair.learning.inference.retrieval.evaluate import AnalogQueries, IdealQueries, Labels, Rung, evaluate
from overair.learning.inference.retrieval.packets import Carrier
from overair.learning.over_air import OverAir
from overair.ota.rates.capacity import Capacity
from overair.phy import Air, Awgn, Estimated, Grid, Tdl, keys
from overair.scenarios import ScenarioError, run, studies
from overair.scenarios.results import curves, saved
from overair.scenarios.studies import _retrieval

ELEMENTS, STEPS, NETWORK_STEPS, SNRS, RANKS = 8, 3, 4, (-3.0, 9.0), (1, 2, 5)
GRID = Grid(ELEMENTS, 1, prefix=2)
AIRS = {"awgn": Air(GRID, Awgn(), 1), "tdl": Air(GRID, Tdl(), 1, csit=Estimated(), csir=Estimated())}
PRICES, WIDTHS, SIDES, THRESHOLDS = (0.001, 0.02), (8,), (6, 12), (0.2, 0.3)
APART = 3  # characters kept from training
RAW: dict[str, Any] = {
    "study": "retrieval",
    "query": [
        {"kind": "ideal", "features": "all"},
        {"kind": "ideal", "features": "sent"},
        {"kind": "analog", "low_db": 10.0, "high_db": 10.0},
        {"kind": "analog", "through": "link", "steps": 2},
        {"kind": "quantised", "prices": list(PRICES), "widths": list(WIDTHS), "packets": 5},
        {"kind": "picture", "sides": list(SIDES), "thresholds": list(THRESHOLDS), "packets": 5},
    ],
    "elements": ELEMENTS,
    "network_steps": NETWORK_STEPS,
    "head_steps": STEPS,
    "validation_characters": APART,
    "ranks": list(RANKS),
    "seeds": [3],
    "grid": {"subcarriers": ELEMENTS, "symbols": 1, "prefix": 2},
    "link": [
        {"channel": "awgn", "snr_db": list(SNRS)},
        {"channel": "tdl", "csit": "estimated", "csir": "estimated", "snr_db": list(SNRS)},
    ],
}
ONE = RAW | {"query": RAW["query"][3], "link": RAW["link"][0]}


def strokes(characters: int, seed: int) -> np.ndarray:
    """Characters of three lines each, a little different from drawer to drawer, [C, 20, 56, 56, 1]."""
    rng = np.random.default_rng(seed)
    images = np.zeros([characters, 20, 56, 56, 1], np.float32)
    for character in images:
        ends = rng.uniform(8, 48, [3, 2, 2])
        for image in character:
            for start, stop in ends + rng.normal(size=ends.shape):
                row, column = np.linspace(start, stop, 80).T.clip(0, 55).astype(int)
                image[row, column] = 1
    return images


@pytest.fixture(autouse=True)
def characters(monkeypatch: pytest.MonkeyPatch) -> omniglot.Characters:
    made = omniglot.Characters(strokes(10, 0), strokes(7, 1))
    monkeypatch.setattr(omniglot, "load", lambda side: made)
    return made


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is trained, in order."""
    done: list[str] = []

    def counted(module: Any, name: str) -> None:
        train: Callable = module.train

        def count(*arguments: Any, **more: Any) -> Any:
            done.append(name)
            return train(*arguments, **more)

        monkeypatch.setattr(module, "train", count)

    counted(embedding, "network")
    counted(heads, "head")
    return done


# --- The numbers


def by_hand(characters: omniglot.Characters, seed: int) -> dict[tuple[str, int], Any]:
    """Every way over every link, of the parts in ``learning``, by the link and the number of the way."""
    every, other = map(Drawings.of, characters)
    learn, apart = (Drawings(*(part[which] for part in every)) for which in (slice(0, -APART), slice(-APART, None)))
    network = embedding.train(learn.coarse, NETWORK_STEPS, seed)
    features = embedding.embed_varied(network, learn.coarse, keys.key(seed, "varied"))
    root = keys.key(seed, "heads")

    def head(send: heads.SendQueries, steps: int = STEPS) -> Any:
        made = heads.head(features.shape[-1], 2 * ELEMENTS, seed)
        heads.train(made, features, send, steps, root)
        return made

    base = head(heads.noiseless)
    coders = [quantised.train(features, width, price, STEPS, seed, root) for price in PRICES for width in WIDTHS]
    pictures = [bitmaps.learn(learn.by(slice(0, 4)).fine, side, dark) for side in SIDES for dark in THRESHOLDS]

    def described(drawings: Drawings) -> tuple[Labels, Any, Any, list[Rung], list[Rung]]:
        """Labels, queries, gallery, and what is found of them rounded and as pictures."""
        queries, gallery = drawings.by(slice(10, 14)), drawings.by(slice(0, 10))
        classes = np.arange(len(drawings.coarse))
        labels = Labels(np.repeat(classes, 4), np.repeat(classes, 10))
        asked, known = (embedding.embed(network, part.coarse) for part in (queries, gallery))
        whole = [coder.rounded(asked) for coder in coders]
        rounded = [
            Rung(coder.bits(each), labels.match(tf.constant(each, tf.float32), coder.head(known)))
            for coder, each in zip(coders, whole, strict=True)
        ]
        drawn = [picture.blacken(queries.fine) for picture in pictures]
        shown = [
            Rung(picture.bits(each), labels.match(base(embedding.embed(network, picture.shown(each, 28))), base(known)))
            for picture, each in zip(pictures, drawn, strict=True)
        ]
        return labels, asked, known, rounded, shown

    held_out, _, _, *by_held_out = described(apart)
    labels, asked, known, *by_asked = described(other)
    found: dict[tuple[str, int], Any] = {}
    for link, air in AIRS.items():
        layer, carrier = OverAir(air), Carrier(air, Capacity(), ELEMENTS, 5)
        links = keys.key(seed, "validation queries")
        fixed = head(analog.through(OverAir(AIRS["awgn"], 10.0)))
        ranged = head(analog.through(OverAir(air, (-12.0, 18.0))), 2)
        ways: list[Any] = [
            IdealQueries(labels, asked, known),
            IdealQueries(labels, base(asked).numpy(), base(known).numpy()),
        ]
        ways += [AnalogQueries(labels, each(asked).numpy(), each(known).numpy(), layer) for each in (fixed, ranged)]
        for some, same in zip(by_held_out, by_asked, strict=True):
            both = [Description(one, lambda other=other: other) for one, other in zip(some, same, strict=True)]  # type: ignore[misc]
            ways.append(ChosenPackets(held_out, labels, worthwhile(both), [carrier], links))
        for at, way in enumerate(ways):
            found[link, at] = evaluate(way, SNRS, 1, keys.key(seed, "queries"))
    return found


def test_a_study_gives_what_its_parts_put_together_by_hand_give(characters: omniglot.Characters) -> None:
    dataset, expected = run(RAW), by_hand(characters, 3)
    assert dataset.accuracy.dims == ("query", "link", "seed", "snr_db")
    assert dataset.top.dims == ("query", "link", "seed", "snr_db", "rank")
    assert dataset["link"].values.tolist() == ["awgn", "tdl"] and dataset["rank"].values.tolist() == list(RANKS)
    for (link, at), scores in expected.items():
        point = dataset.isel(query=at, seed=0).sel(link=link)
        for place, each in enumerate(scores):
            here = point.isel({"snr_db": place})
            assert here.accuracy == each.cmc[0] and here.mean_average_precision == each.mean_precision
            np.testing.assert_array_equal(here.top, [each.cmc[rank - 1] for rank in RANKS])  # a share for each rank
    assert len({scores[0].mean_precision for scores in expected.values()}) > 8


def test_queries_are_by_drawers_11_to_14_and_the_gallery_by_1_to_10(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each drawing is black as its drawer's number and its character's hundred, which stand for its features."""
    numbers = 100.0 * np.arange(3)[:, None] + np.arange(1, 21)  # [C, D]
    fine = np.broadcast_to(numbers[:, :, None, None, None], [3, 20, 56, 56, 1]).astype(np.float32)
    monkeypatch.setattr(embedding, "embed", lambda network, images: images[:, :1, 0, 0])
    scenario = studies.check(ONE)
    nothing: Any = None
    common = _retrieval.Common(Drawings.of(fine), Drawings.of(fine), Drawings.of(fine), nothing, fine, nothing, {})
    asked = _retrieval.asked(scenario, common, common.other, "these")
    drawers = [sorted({int(number) for number in part[:, 0] % 100}) for part in (asked.queries, asked.gallery)]
    assert drawers == [[*range(11, 15)], [*range(1, 11)]]
    np.testing.assert_array_equal(asked.labels.queries, asked.queries[:, 0] // 100)
    np.testing.assert_array_equal(asked.labels.gallery, asked.gallery[:, 0] // 100)
    np.testing.assert_array_equal(asked.drawings.coarse[:, 0, 0, 0], asked.queries[:, 0])


# --- What is trained


def test_all_links_share_a_network_and_the_heads_that_know_no_link(trained: list[str]) -> None:
    """A head each for: no noise, 10 dB, two prices, and one for each of two links."""
    run(RAW)
    assert trained.count("network") == 1 and trained.count("head") == 6


def test_a_run_that_was_stopped_goes_on_after_the_last_thing_trained(
    trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(RAW, out=tmp_path / "whole")
    everything = trained.copy()
    trained.clear()
    train = heads.train

    def stop(*arguments: Any, **more: Any) -> None:
        if len(trained) == 5:  # within the study's fifth training, of the second price of a unit
            raise KeyboardInterrupt
        train(*arguments, **more)

    monkeypatch.setattr(heads, "train", stop)
    with pytest.raises(KeyboardInterrupt):
        run(RAW, out=tmp_path / "parts")
    assert trained == everything[:5]
    monkeypatch.setattr(heads, "train", train)
    xr.testing.assert_identical(run(RAW, out=tmp_path / "parts"), whole)
    assert trained == everything
    xr.testing.assert_identical(run(RAW, out=tmp_path / "parts"), whole)
    assert trained == everything
    assert saved.load(tmp_path / "parts").accuracy.identical(whole.accuracy)


def test_more_snrs_ranks_and_seeds_train_what_is_new_alone(trained: list[str], tmp_path: Path) -> None:
    first = run(ONE, out=tmp_path)
    trained.clear()
    more = {"link": RAW["link"][0] | {"snr_db": [3.0, *SNRS]}, "ranks": [1, 2, 5, 7]}
    grown = run(ONE | more, out=tmp_path)
    assert not trained
    np.testing.assert_array_equal(grown.top.sel({"snr_db": list(SNRS), "rank": list(RANKS)}), first.top)
    np.testing.assert_array_equal(grown.accuracy.sel({"snr_db": list(SNRS)}), first.accuracy)
    again = run(ONE | more)
    xr.testing.assert_equal(again, grown)
    trained.clear()
    run(ONE | more | {"seeds": [3, 4]}, out=tmp_path)
    assert trained == ["network", "head"]


def test_what_is_trained_is_kept_by_all_that_decides_it(trained: list[str], tmp_path: Path) -> None:
    run(ONE, out=tmp_path)
    analog: dict[str, Any] = ONE["query"]
    other_air = {"link": ONE["link"] | {"channel": "rayleigh"}}
    for change in (
        {"head_steps": 5, "query": analog | {"steps": None}},
        {"query": analog | {"high_db": 17.0}},
        {"query": analog | {"steps": 4}},
        other_air,
        {"elements": 7},
    ):
        trained.clear()
        run(ONE | change, out=tmp_path)
        assert trained == ["head"], change
    for change in ({"network_steps": 5}, {"train_characters": 6}):
        trained.clear()
        run(ONE | change, out=tmp_path)
        assert trained == ["network", "head"], change
    for change in ({"test_characters": 6}, {"gallery_drawers": 9}, {"query_drawers": 3}, {"draws": 2}):
        trained.clear()
        run(ONE | change, out=tmp_path)
        assert not trained, change


def test_a_damaged_network_is_set_aside_and_trained_again(trained: list[str], tmp_path: Path) -> None:
    whole = run(ONE, out=tmp_path)
    for file in (tmp_path / "networks").iterdir():
        file.write_bytes(file.read_bytes()[:-40])
    for file in (tmp_path / "records").glob("*.npz"):
        file.unlink()
    trained.clear()
    xr.testing.assert_identical(run(ONE, out=tmp_path), whole)
    assert trained == ["network", "head"] and len(list((tmp_path / "networks").glob("*.damaged"))) == 2


# --- Results and faults


def test_a_curve_comes_back_with_all_ranks(tmp_path: Path) -> None:
    dataset = run(ONE, out=tmp_path)
    after = curves.load(tmp_path / "curve.csv")
    assert after.attrs["study"] == "retrieval" and after.top.dims == dataset.top.dims
    for name in ("accuracy", "mean_average_precision", "top"):
        assert after[name].dims == dataset[name].dims and after[name].attrs == dataset[name].attrs
        np.testing.assert_allclose(after[name], dataset[name], rtol=5.1e-6)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"query": "pigeon"}, "field query: expected one of analog, ideal, picture, quantised"),
        ({"query": {"kind": "analog", "low_db": 20.0}}, "analog.high_db: expected at least low_db = 20, received 18"),
        ({"query": {"kind": "quantised", "widths": []}}, "quantised.widths: expected at least one, and a price"),
        ({"query": {"kind": "picture", "sides": []}}, "picture.thresholds: expected at least one, and a side"),
        ({"query": {"kind": "quantised", "targets": [1.0]}}, "field query.targets.0: expected less than 1"),
        ({"validation_characters": 10}, "field validation_characters: expected at most 9 of those known, received 10"),
        (
            {"train_characters": 8},
            "field train_characters: expected at most 7, as 3 are kept from training, received 8",
        ),
        ({"query": {"kind": "picture", "sides": [57]}}, "field query.sides.0: expected at most 56"),
        ({"query_drawers": 11}, "field query_drawers: expected at most 10, as 10 of 20 drew the gallery"),
        ({"gallery_drawers": 20}, "field gallery_drawers: expected at most 19"),
        ({"ranks": [0]}, "field ranks.0: expected at least 1"),
        ({"ranks": [1, 1]}, "field ranks: expected different values"),
        ({"ranks": [[1], [2]]}, "field ranks: expected a list of whole numbers"),
        (
            {
                "query": [ONE["query"], "quantised"],
                "link": ONE["link"] | {"impairments": [{"kind": "frequency_offset", "high": 0.1}]},
            },
            "field query: quantised: expected the frequency domain for queries sent as bits",
        ),
    ],
    ids=lambda each: None if isinstance(each, dict) else each[:60],
)
def test_what_cannot_be_is_one_line_before_any_training(change: dict[str, Any], line: str, trained: list[str]) -> None:
    """Also where it is the last of several points."""
    with pytest.raises(ScenarioError) as refused:
        run(ONE | change)
    assert line in str(refused.value) and "\n" not in str(refused.value) and not trained


def test_missing_drawings_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("OVERAIR_DATA", str(tmp_path))
    with pytest.raises(ScenarioError, match=r"^data: expected images_background and images_evaluation [^\n]*$"):
        run(ONE)
