"""The comparison with theory agrees, and would not if the simulator were wrong."""

from typing import Any

import pytest

from overair import checks as check
from overair.checks import compression, recovery, sums
from overair.checks.measure import Row
from overair.ota import Amp
from overair.ota.compressors import qcs
from overair.phy import ErrorVariance


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(sums.rows())


def test_every_identity_agrees_with_its_simulation(rows: list[Row]) -> None:
    assert not [row for row in rows if not row.agrees]


def test_all_promised_identities_are_there(rows: list[Row]) -> None:
    assert {int(row.name.split()[0]) for row in rows} == {*range(1, 18), 19, 20, 21, 23, 24}


def test_standard_errors_are_small_against_what_they_measure(rows: list[Row]) -> None:
    assert all(row.error <= 0.05 * max(abs(row.expected), 0.1) for row in rows)
    assert all(len(row.name) <= 66 for row in rows)


def test_a_row_disagrees_beyond_chance() -> None:
    assert Row("", 1.0, 1.04, 0.01).agrees
    assert not Row("", 1.0, 1.05, 0.01).agrees


def test_a_wrong_simulator_is_caught(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    believe = ErrorVariance.believe
    monkeypatch.setattr(ErrorVariance, "believe", lambda self, *a: believe(ErrorVariance(e=1.3 * self.e), *a))
    monkeypatch.setattr(sums, "rows", sums._csi)
    assert check.main() == 1
    assert "DISAGREES" in capsys.readouterr().out


def test_message_passing_without_its_correction_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    step = Amp.step

    def forgetful(self: Amp, progress: Any, y: Any, projection: Any) -> Any:
        x, _ = step(self, progress, y, projection)
        return progress._replace(x=x, r=y - projection.forward(x))

    monkeypatch.setattr(Amp, "step", forgetful)
    assert not all(row.agrees for row in recovery._state_evolution())


def test_a_quantiser_that_does_not_round_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qcs, "_rounded", lambda v, dither, range: v)
    assert not all(row.agrees for row in compression._projections())
