"""The comparison with theory agrees, and would not if the simulator were wrong."""

import pytest

from overair.phy import ErrorVariance
from overair.scenarios import check, theory


@pytest.fixture(scope="module")
def rows() -> list[check.Row]:
    return list(theory.rows())


def test_every_identity_agrees_with_its_simulation(rows: list[check.Row]) -> None:
    assert not [row for row in rows if not row.agrees]


def test_all_promised_identities_are_there(rows: list[check.Row]) -> None:
    assert {row.name.split()[0] for row in rows} == {"1", "2", "3", "4", "5", "6", "7", "8", "9", "13"}


def test_standard_errors_are_small_against_what_they_measure(rows: list[check.Row]) -> None:
    assert all(row.error <= 0.05 * max(abs(row.expected), 0.1) for row in rows)


def test_a_row_disagrees_beyond_chance() -> None:
    assert check.Row("", 1.0, 1.04, 0.01).agrees
    assert not check.Row("", 1.0, 1.05, 0.01).agrees


def test_a_wrong_simulator_is_caught(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    believe = ErrorVariance.believe
    monkeypatch.setattr(ErrorVariance, "believe", lambda self, *a: believe(ErrorVariance(e=1.3 * self.e), *a))
    monkeypatch.setattr(theory, "rows", theory._knowledge)
    assert check.main() == 1
    assert "DISAGREES" in capsys.readouterr().out
