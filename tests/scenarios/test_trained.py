"""Models of a run: each has the accuracy that is reported of its point and seed, and who has none says why."""

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from overair.cli import main
from overair.learning.data.digits import Digits
from overair.scenarios import ScenarioError, run
from overair.scenarios.results import trained

RAW = {
    "data": "digits", "model": "softmax", "devices": 4, "rounds": 3, "evaluate_every": 3, "seeds": [0, 7],
    "uplink": ["analog", {"kind": "ideal", "label": "no air, at all"}],
}  # fmt: skip
NAMES = [f"{point}_seed={seed}" for point in ("0_uplink=analog", "1_uplink=no-air-at-all") for seed in (0, 7)]
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras saving with h5py


def accuracy(file: Path) -> float:
    """Of a model in a file, by Keras and numpy alone."""
    data = Digits().load()
    return float(np.mean(keras.models.load_model(file).predict(data.x_test, verbose=0).argmax(1) == data.y_test))


def test_models_have_the_accuracies_of_their_points_and_seeds(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder, out = tmp_path / "run", tmp_path / "run" / "models"
    found = run(RAW, out=folder)["accuracy"].isel(round=-1).values.reshape(-1)
    assert main(["models", str(folder)]) == 0
    files = [out / f"{name}.keras" for name in NAMES]
    assert capsys.readouterr().out.splitlines() == list(map(str, files))
    assert sorted(out.iterdir()) == files and len({*found}) > 2
    np.testing.assert_allclose([accuracy(file) for file in files], found, rtol=0, atol=1e-6)

    run(RAW, ["rounds=2", "seeds=[7]"], folder)
    assert main(["models", str(folder), "--out", str(tmp_path / "o\x1b[1m")]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0] == (
        f"{tmp_path}/o\\x1b[1m/0_uplink=analog_seed=7.keras: no model; rounds: expected a record of 2, found one of 3; "
        "run the scenario with rounds = 3 in this folder"
    )
    assert not list((tmp_path / "o\x1b[1m").iterdir())


def test_a_tuned_run_has_the_models_of_what_was_chosen(tmp_path: Path) -> None:
    tune = {"over": "optimizer.learning_rate", "values": [1e-6, 2.0], "seeds": [1]}
    found = run(RAW | {"uplink": "ideal", "tune": tune}, out=tmp_path)
    assert found["tuned"].values.tolist() == [2.0, 2.0]
    kept = list(trained.keep(tmp_path, tmp_path / "models"))
    assert [each.file.name for each in kept] == ["seed=0.keras", "seed=7.keras"]
    told = [accuracy(each.file) for each in kept]
    np.testing.assert_allclose(told, found["accuracy"].isel(round=-1).values, rtol=0, atol=1e-6)


def test_who_has_no_model_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model too large to be kept, a unit that is not there, one that is damaged, and numbers that went astray."""
    monkeypatch.setattr(importlib.import_module("overair.scenarios.studies._rounds"), "KEPT_STATE", 8)
    one = RAW | {"uplink": "ideal", "rounds": 1}
    run(one | {"seeds": [3]}, out=tmp_path)
    (told,) = reasons(tmp_path)
    assert told and told.startswith("model: expected one of at most ")
    assert told.endswith("found none; train it from Python, where Federation.model gives it")
    file = next((tmp_path / "records").iterdir())
    file.write_bytes(b"nothing")
    again = "run the scenario in this folder again, which does what is missing"
    assert reasons(tmp_path) == [f"record: expected a whole one, found {file.name} damaged; {again}"]
    file.unlink()
    assert reasons(tmp_path) == [f"record: expected one of a finished unit, found none; {again}"]
    run(one | {"seeds": [3], "optimizer": {"name": "sgd", "learning_rate": 1e38}, "rounds": 4}, out=tmp_path)
    (told,) = reasons(tmp_path)
    assert told and told.startswith("rounds: expected finite numbers, received others in round")
    assert told.endswith("take a smaller optimizer.learning_rate")


def test_of_a_state_too_large_to_go_on_from_the_model_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """650 numbers and their momentum: the model alone is kept, and more rounds begin anew, with the same bits."""
    momentum = {"name": "sgd", "learning_rate": 0.5, "options": {"momentum": 0.9}}
    one = RAW | {"uplink": "ideal", "rounds": 2, "evaluate_every": 1, "seeds": [3], "optimizer": momentum}
    whole = run(one)["accuracy"].values
    monkeypatch.setattr(importlib.import_module("overair.scenarios.studies._rounds"), "KEPT_STATE", 8 + 4 * 650)
    for rounds in (1, 2):
        found = run(one, [f"rounds={rounds}"], tmp_path)["accuracy"].values.reshape(-1)
        np.testing.assert_array_equal(found, whole.reshape(-1)[:rounds])
        assert reasons(tmp_path) == [None]
        assert accuracy(tmp_path / "models" / "seed=3.keras") == pytest.approx(found[-1], abs=1e-6)


def reasons(folder: Path) -> list[str | None]:
    return [each.missing for each in trained.keep(folder, folder / "models")]


def test_studies_and_searches_without_models_are_refused(tmp_path: Path) -> None:
    other = {"study": "aggregation", "devices": 2, "entries": 8, "seeds": [0], "uplink": "ideal"}
    run(other, out=tmp_path / "other")
    (told,) = reasons(tmp_path / "other")
    assert told and told.endswith('expected one whose records keep a model, such as federated, received "aggregation"')
    find = {"over": "optimizer.learning_rate", "target": "accuracy >= 0.1", "low": 0.1, "high": 0.2, "within": 0.1}
    run(RAW | {"uplink": "ideal", "rounds": 1, "seeds": [0], "find": find}, out=tmp_path / "found")
    with pytest.raises(ScenarioError, match="find: expected a scenario without"):
        reasons(tmp_path / "found")
    own = RAW | {"uplink": "ideal", "rounds": 1, "seeds": [0], "algorithm": "distillation"}
    run(own, out=tmp_path / "own")
    (told,) = reasons(tmp_path / "own")
    assert told and 'algorithm: expected one whose server has a model, received "distillation"; ' in told


def test_names_of_any_letters_fit_systems_that_count_bytes() -> None:
    point: Any = SimpleNamespace(coordinates={"uplink": "無線" * 100})
    name = trained._name(1, point, 2)
    assert name.startswith("1_uplink=無線無線") and len(f"{name}seed=1000000.keras".encode()) <= 255


def test_what_is_no_run_is_refused_before_anything_heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained, "import_tensorflow", lambda: pytest.fail("imported"))
    with pytest.raises(ScenarioError, match="expected results"):
        reasons(tmp_path)
    assert not (tmp_path / "models").exists()
