"""How far a run of images is, is told in equal parts for every point and seed, and for what is done of each."""

from typing import Any

import numpy as np
import pytest

from overair.scenarios import run
from overair.scenarios.studies import _images
from overair.scenarios.studies.images import Images

RAW: dict[str, Any] = {
    "study": "images",
    "data": "digits",
    "scheme": [{"kind": "linear", "block": 8}, {"kind": "linear", "block": 4}],
    "ratios": ["1/8"],
    "train_images": 40,
    "test_images": 8,
    "seeds": [0, 1],
    "link": {"snr_db": [0, 10]},
}


def test_it_rises_by_what_is_done_of_each_point_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def send(scenario: Any, parts: Any, work: Any) -> dict[str, np.ndarray]:
        for epoch in (1, 2, 3, 4):
            work.progress(epoch, 4)
        sizes = {name: len(values) for name, values in scenario.dimensions().items()}
        return {each.name: np.zeros([sizes[name] for name in scenario.over(each)]) for each in Images.measures}

    monkeypatch.setattr(_images, "send", send)
    seen: list[tuple[int, int]] = []
    run(RAW, progress=lambda done, total: seen.append((done, total)))
    (total,) = {total for _, total in seen}
    shares = [done / total for done, _ in seen]
    every = [(unit + done) / 4 for unit in range(4) for done in (0.25, 0.5, 0.75, 1.0, 1.0)]  # told once more when kept
    np.testing.assert_allclose(shares, every)
