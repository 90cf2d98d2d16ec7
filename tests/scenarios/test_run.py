"""A run gives every point its place, survives whatever stops it, and refuses what is not its own."""

import importlib
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.scenarios import ScenarioError, run, studies
from overair.scenarios.results import saved
from overair.scenarios.running import store
from tests.scenarios import fake

FEDERATION = importlib.import_module("overair.scenarios.studies._federation")
ROUNDS_OF = importlib.import_module("overair.scenarios.studies._rounds")
TESTS = Path(__file__).parents[2]
RAW: dict[str, Any] = {
    "title": "A test",
    "data": "digits",
    "model": "softmax",
    "devices": 5,
    "rounds": 7,
    "evaluate_every": 3,
    "seeds": [0, 5],
    "uplink": ["ideal", "analog"],
    "link": {"snr_db": [-5, 5]},
}
STEPS = (1 + 2) * 2 * 7  # the ideal uplink is run once for both SNRs


@pytest.fixture
def federations(monkeypatch: pytest.MonkeyPatch) -> fake.Federations:
    made = fake.Federations()
    monkeypatch.setattr(FEDERATION, "prepare", made.prepare)
    monkeypatch.setattr(FEDERATION, "build", made.build)
    monkeypatch.setattr(ROUNDS_OF, "CHECKPOINT_SECONDS", -1.0)  # at every evaluation
    return made


def interrupted_at(step: int, federations: fake.Federations) -> None:
    def stop(*_: object) -> None:
        if federations.steps == step:
            raise KeyboardInterrupt

    federations.steps, federations.before_step = 0, stop


def test_every_value_stands_at_its_point_seed_and_round(federations: fake.Federations) -> None:
    dataset = run(RAW)
    assert dataset.accuracy.dims == ("uplink", "snr_db", "seed", "round")
    assert dataset["round"].values.tolist() == [3, 6, 7]
    for uplink in ("ideal", "analog"):
        for snr_db in (-5.0, 5.0):
            for seed in (0, 5):
                alone = run(RAW | {"uplink": uplink, "link": {"snr_db": snr_db}, "seeds": [seed]})
                there = dataset.sel(uplink=uplink, seed=[seed]).sel({"snr_db": snr_db})
                np.testing.assert_array_equal(there.accuracy, alone.accuracy)
    assert len(np.unique(dataset.accuracy)) == dataset.accuracy.size * 3 // 4  # of the ideal uplink one for both SNRs


def test_costs_are_means_over_the_rounds_since_the_last_evaluation(federations: fake.Federations) -> None:
    assert run(RAW).bits.isel(uplink=0, seed=0)[0].values.tolist() == [2.0, 5.0, 7.0]


def test_points_that_differ_in_snr_and_seed_share_a_federation(federations: fake.Federations) -> None:
    run(RAW | {"link": {"snr_db": [-5, 5]}})
    assert (federations.built, federations.steps) == (["ideal", "analog"], STEPS)


def test_a_point_that_diverges_stops_and_the_others_go_on(
    federations: fake.Federations, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "overair"):
        dataset = run(RAW | {"uplink": ["digital", "ideal"]})
    stopped = dataset.stopped_at.sel(uplink="digital")
    assert stopped.sel({"snr_db": -5}).values.tolist() == [4, 4]
    assert (dataset.stopped_at.sel(uplink="ideal") == -1).all()
    lost = dataset.accuracy.sel(uplink="digital").sel({"snr_db": -5})
    assert np.isnan(lost.values).tolist() == [[False, True, True]] * 2
    assert np.isfinite(dataset.accuracy.sel(uplink="ideal")).all()
    assert caplog.messages == [
        f"uplink = digital, link.snr_db = -5.0 stopped in round 4 of seed {seed}: numbers are no longer finite"
        for seed in (0, 5)
    ]


@pytest.mark.parametrize("step", [0, 2, 7, 12, 30, STEPS - 1])
def test_a_stopped_run_goes_on_bit_for_bit(step: int, federations: fake.Federations, tmp_path: Path) -> None:
    interrupted_at(step, federations)
    with pytest.raises(KeyboardInterrupt):
        run(RAW, out=tmp_path / "run")
    assert saved.load(tmp_path / "run").attrs["complete"] == 0
    federations.before_step = lambda *_: None
    resumed = run(RAW, out=tmp_path / "run")
    assert federations.steps - step <= STEPS - step + 2  # at most the rounds since the last evaluation once more
    xr.testing.assert_identical(resumed, run(RAW))
    xr.testing.assert_identical(resumed, saved.load(tmp_path / "run"))


@pytest.mark.parametrize("step", [10, 40])
def test_a_killed_run_leaves_whole_files_and_goes_on_bit_for_bit(
    step: int, federations: fake.Federations, tmp_path: Path
) -> None:
    code = f"""
import os, signal
from overair.scenarios import run
from tests.scenarios import fake
made = fake.Federations()
made.before_step = lambda *_: made.steps == {step} and os.kill(os.getpid(), signal.SIGKILL)
fake.take_place(made)
run({RAW!r}, out={str(tmp_path / "run")!r})
"""
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, timeout=120).returncode == -signal.SIGKILL
    for file in (tmp_path / "run" / "records").glob("*.npz"):
        assert len(store.read(file.read_bytes()).coordinates["round"]) in (3, 6, 7)
    resumed = run(RAW, out=tmp_path / "run")
    assert federations.steps <= STEPS - step + 3
    xr.testing.assert_identical(resumed, run(RAW))


def test_files_half_written_are_not_read(federations: fake.Federations, tmp_path: Path) -> None:
    interrupted_at(12, federations)
    with pytest.raises(KeyboardInterrupt):
        run(RAW, out=tmp_path)
    for file in list((tmp_path / "records").iterdir()):
        file.with_name(f".{file.name}.0.tmp").write_bytes(b"PK half")
    (tmp_path / ".results.nc.0.tmp").write_bytes(b"half")
    federations.before_step = lambda *_: None
    xr.testing.assert_identical(run(RAW, out=tmp_path), run(RAW))


def test_a_finished_run_is_not_run_again(federations: fake.Federations, tmp_path: Path) -> None:
    first = run(RAW, out=tmp_path)
    assert federations.steps == STEPS
    xr.testing.assert_identical(run(RAW, out=tmp_path), first)
    assert federations.steps == STEPS
    assert not [*tmp_path.rglob("*.tmp"), *tmp_path.rglob("*.claim")]


def test_the_order_in_which_axes_are_written_does_not_matter_to_the_folder(
    federations: fake.Federations, tmp_path: Path
) -> None:
    first = run(RAW, out=tmp_path)
    turned = run({"link": RAW["link"]} | RAW, out=tmp_path)
    assert federations.steps == STEPS
    xr.testing.assert_equal(turned.transpose(*first.dims), first)


def test_records_of_other_versions_are_refused_by_name_or_kept_apart(
    federations: fake.Federations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(RAW, out=tmp_path)
    monkeypatch.setattr("overair.scenarios.running.units._versions", lambda: (("overair", "9.9"), ("tensorflow", "3")))
    with pytest.raises(ScenarioError, match="^--out .*: expected records of overair 9.9, found those of .*--fresh$"):
        run(RAW, out=tmp_path)
    assert run(RAW, out=tmp_path, fresh=True).attrs["versions"] != first.attrs["versions"]
    assert federations.steps == 2 * STEPS
    monkeypatch.undo()


def test_a_folder_with_other_things_in_it_is_refused(federations: fake.Federations, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ScenarioError, match="expected a new or empty folder"):
        run(RAW, out=tmp_path)
    with pytest.raises(ScenarioError, match="expected a new or empty folder"):
        run(RAW, out=tmp_path / "thesis.tex")
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_progress_counts_every_round_to_do(federations: fake.Federations, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    run(RAW | {"uplink": ["digital", "ideal"]}, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (STEPS, STEPS) and sorted(seen) == seen

    interrupted_at(10, federations)
    with pytest.raises(KeyboardInterrupt):
        run(RAW, out=tmp_path)
    federations.before_step = lambda *_: None
    seen.clear()
    run(RAW, out=tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (STEPS - 7, STEPS - 7)


def test_presets_files_tables_and_scenarios_run_alike(federations: fake.Federations, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('data = "digits"\nmodel = "softmax"\ndevices = 5\nrounds = 7\nuplink = "ideal"\n')
    single = {name: RAW[name] for name in ("data", "model", "devices", "rounds")} | {"uplink": "ideal"}
    xr.testing.assert_identical(run(file), run(single))
    xr.testing.assert_identical(run(str(file)), run(studies.check(single)))
    assert run("quickstart", ["rounds=2", "seeds=[1]"]).sizes["seed"] == 1


def test_a_codec_that_goes_by_layers_is_granted_what_they_take() -> None:
    """Rank 1 of softmax's 64 x 10 sends 64 numbers or 10, and the 10 biases."""
    change = ["uplink={kind='analog',codec={kind='low_rank',rank=1}}", "rounds=1", "seeds=[0]", "link.snr_db=5"]
    assert run(RAW, [*change, "grant.elements=37"]).resource_elements.values.tolist() == [[37]]
    told = "^scenario field grant.elements: expected at least 37 .*, received 36; set grant.elements = 37$"
    with pytest.raises(ScenarioError, match=told):
        run(RAW, [*change, "grant.elements=36"])


def test_a_fault_of_a_part_names_the_part_once() -> None:
    with pytest.raises(ScenarioError, match="^scenario field model: expected images"):
        run(RAW, ["model=lenet"])


def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    bad = ["rounds=0", "grant.elements=[400,10]", "model=[softmax,lenet]", "grid.prefix=[16,99]", "devices=[5,5000]"]
    for change in bad:
        with pytest.raises(ScenarioError, match="^scenario field [a-z.]+: .*$"):
            run(RAW, [change], out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_real_run_goes_on_bit_for_bit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from overair.learning import Federation

    small = RAW | {"seeds": [3], "link": {"snr_db": [0], "channel": "rayleigh"}, "participation": 0.5, "batch_size": 8}
    small |= {"optimizer": {"name": "adam", "learning_rate": 0.01}, "uplink": ["analog", "digital"]}
    whole = run(small)
    monkeypatch.setattr(ROUNDS_OF, "CHECKPOINT_SECONDS", -1.0)
    step, steps = Federation.step, []

    def stopping(*arguments: Any) -> Any:
        steps.append(1)
        if len(steps) == 12:
            raise KeyboardInterrupt
        return step(*arguments)

    monkeypatch.setattr(Federation, "step", stopping)
    with pytest.raises(KeyboardInterrupt):
        run(small, out=tmp_path)
    xr.testing.assert_identical(run(small, out=tmp_path), whole)
    assert len(steps) == 12 + 14 - 7 - 3
    assert np.isfinite(whole.accuracy).all() and (whole.energy <= 1 + 1e-4).all()


def test_an_ideal_uplink_is_run_once_for_all_links(monkeypatch: pytest.MonkeyPatch) -> None:
    from overair.learning import Federation

    steps, step = [], Federation.step

    def counted(self: Federation, *arguments: Any) -> Any:
        steps.append(self)
        return step(self, *arguments)

    monkeypatch.setattr(Federation, "step", counted)
    table = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 2, "seeds": [0]}
    results = run({**table, "uplink": ["ideal", "analog"], "link": {"snr_db": [0, 10], "channel": "awgn"}})
    assert len(steps) == 2 + 2 * 2
    ideal = results.accuracy.sel(uplink="ideal")
    assert (ideal == ideal.isel({"snr_db": 0})).all()
