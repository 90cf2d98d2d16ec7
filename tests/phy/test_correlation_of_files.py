"""How a file's paths are correlated over a round: one look at the file for each lag, and none where nothing moves."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overair.phy import Air, CirFile, Estimated, Grid, keys
from overair.phy.channels import cir_file

GRID = Grid(subcarriers=16, symbols=4, prefix=8)


def of_file(folder: Path, steps: int) -> CirFile:
    rng, file = np.random.default_rng(0), folder / "cir.npz"
    a = rng.normal(size=[6, 1, 2, steps]) + 1j * rng.normal(size=[6, 1, 2, steps])
    moves: dict[str, Any] = {"step_seconds": 1e-4} if steps > 1 else {}
    np.savez(file, a=a, tau=np.zeros([6, 2]), **moves)
    return CirFile(str(file))


def test_the_file_is_looked_at_once_for_each_lag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, correlate = [], cir_file._autocorrelation

    def counted(a: np.ndarray, lag: float) -> np.ndarray:
        asked.append(lag)
        return correlate(a, lag)

    channel = of_file(tmp_path, 30)
    then, now = np.arange(-5, 0)[:, None], np.arange(20)[None]
    each = [[correlate(np.moveaxis(channel._examples.a.numpy(), 3, 0), n - t) for n in range(20)] for t in range(-5, 0)]
    monkeypatch.setattr(cir_file, "_autocorrelation", counted)
    np.testing.assert_allclose(channel.correlation(then, now, 1e-4), each, atol=1e-6)
    assert len(asked) == 24  # from 1 to 24 symbols


def test_what_stands_still_is_not_asked_how_it_moves(tmp_path: Path) -> None:
    air = Air(GRID, of_file(tmp_path, 1), 3, csir=Estimated("linear", 2))
    with np.errstate(all="raise"):
        link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1)
    assert np.all(link.receiver.kept == 1)  # type: ignore[attr-defined]
