"""A package of one's own joins ours: read without import, listed with its origin, refused politely, part of records."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import overair
from overair.learning import Fedavg
from overair.ota import Analog, Identity, RandomLinear
from overair.own import VARIABLE, use
from overair.phy import Air, FullInversion, Grid, PhaseOnly, Rician, Size, Span, keys
from overair.scenarios import ScenarioError
from overair.scenarios.reading import catalogue, files, outside
from overair.scenarios.reading.sources import sources
from overair.scenarios.reading.sweep import sweep
from tests.checkout import CHECKOUT, needs_checkout

TEMPLATE = CHECKOUT / "examples" / "own_package"
SCHEMES = TEMPLATE / "two_ray_schemes"
PACKAGE = Path(overair.__file__).parents[1]
CACHES: list[Any] = [sources, catalogue.tables, outside.packages, outside.digest]
CLASS = "from pydantic.dataclasses import dataclass\n@dataclass(frozen=True)\nclass {}:\n    '''It.'''\n"


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Names folders, as a process does before it reads anything."""

    def name(*folders: Path) -> None:
        monkeypatch.setenv(VARIABLE, os.pathsep.join(map(str, folders)))
        for each in CACHES:
            each.cache_clear()

    yield name
    monkeypatch.delenv(VARIABLE, raising=False)
    for each in CACHES:
        each.cache_clear()


def command(*arguments: str, path: Path = PACKAGE, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, dict.fromkeys([path, PACKAGE])))}
    run = [sys.executable, "-m", "overair", *arguments]
    return subprocess.run(run, env=environment, cwd=cwd, capture_output=True, text=True, timeout=300)


@needs_checkout
def test_its_schemes_are_listed_with_their_origin_and_run_beside_ours(tmp_path: Path) -> None:
    listed = command("list", "channels", "--with", str(SCHEMES), "--json")
    told = json.loads(listed.stdout)["families"]["channels"]["schemes"]
    assert told["two_ray"]["origin"] == "two_ray_schemes" and "reflection" in told["two_ray"]["fields"]
    assert "origin" not in told["tdl"]
    wanted = ["run", str(TEMPLATE / "scenario.toml"), "--with", str(SCHEMES), "--set", "rounds=2"]
    done = command(*wanted, "--out", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert "analog averaged" in done.stdout and len(list((tmp_path / "run" / "records").glob("*.npz"))) == 2
    refused = command("run", str(TEMPLATE / "scenario.toml"))
    assert refused.returncode == 2 and 'received "rings"' in refused.stderr


def test_what_is_wrong_with_a_package_is_told_in_a_line_that_names_the_file(own: Any, tmp_path: Path) -> None:
    channels = tmp_path / "channels"
    for folder, content, told in (
        (tmp_path / "none", None, f'--with: expected a folder, received "{tmp_path / "none"}"'),
        (tmp_path, None, f"{tmp_path}: expected a folder with schemes in one of "),
        (tmp_path, CLASS.format("Awgn"), "awgn.py: expected a name that no other has, awgn is one of overair"),
        (tmp_path, "def (", "mine.py: expected a scheme, as ours are written; invalid syntax"),
        (tmp_path, CLASS.format("A") + CLASS.format("B"), "expected one public dataclass, found A, B"),
    ):
        if content:
            channels.mkdir(exist_ok=True)
            for file in channels.glob("*.py"):
                file.unlink()
            (channels / ("awgn.py" if "Awgn" in content else "mine.py")).write_text(content)
        own(folder)
        with pytest.raises(ScenarioError) as error:
            sources("channels")
        assert told in str(error.value) and "\n" not in str(error.value)


def test_a_scheme_is_told_which_methods_it_lacks_when_it_is_used(own: Any, tmp_path: Path) -> None:
    (tmp_path / "channels").mkdir()
    (tmp_path / "channels" / "mine.py").write_text(CLASS.format("Mine") + "    static: bool = True\n")
    (tmp_path / "channels" / "broken.py").write_text(CLASS.format("Broken") + "import nothing_of_that_name\n")
    own(tmp_path)
    with pytest.raises(ScenarioError, match=r"mine.py: Mine: expected what a Channel has, found no longest, scales"):
        catalogue.load("channels", "mine")
    with pytest.raises(ScenarioError, match=r"broken.py: cannot be imported: ModuleNotFoundError: No module named"):
        catalogue.load("channels", "broken")


@needs_checkout
def test_records_depend_on_all_files_of_a_package(own: Any, tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", str(SCHEMES), str(tmp_path / "mine")], check=True)
    (tmp_path / "mine" / "_helper.py").write_text("LEVEL = 1\n")
    found = set()
    for level in (1, 2, 1):
        (tmp_path / "mine" / "_helper.py").write_text(f"LEVEL = {level}\n")
        own(tmp_path / "mine")
        found.add(outside.digest("mine"))
    assert len(found) == 2


def test_folders_are_named_before_scenarios_are_imported(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected before overair.scenarios is imported"):
        use(tmp_path)


@needs_checkout
def test_the_two_rays_have_unit_mean_power_and_ripple_over_the_band(own: Any) -> None:
    own(SCHEMES)
    ratio, count, grid = 0.8, 4000, Grid(subcarriers=64)
    delay = 1 / (2 * 32 * grid.spacing)  # the angle turns by pi over 32 subcarriers
    channel = catalogue.load("channels", "two_ray")(reflection=ratio, delay=delay)
    paths = channel.draw(Size(1, 1, count), Span(0.0, 1, 1e-4), keys.key(0), keys.key(1))
    power = np.abs(paths.response(grid.frequencies).numpy()[0, 0, :, 0]) ** 2  # [K, F]
    # |h|^2 = 1 + s cos(angle) with s = 2 r / (1 + r^2) and an angle that is uniform
    swing = 2 * ratio / (1 + ratio**2)
    assert abs(power[:, 0].mean() - 1) < 4.5 * swing / 2**0.5 / count**0.5
    assert abs(power[:, 0].std() - swing / 2**0.5) < 0.05 * swing
    assert 1 - swing - 1e-4 < power.min() < power.max() < 1 + swing + 1e-4
    np.testing.assert_allclose(power[:, 0] - 1, 1 - power[:, 32], atol=1e-5)
    assert Air(grid, channel, devices=2).chosen_domain.orthogonal


@needs_checkout
def test_partial_inversion_lies_between_phases_alone_and_full_inversion(own: Any) -> None:
    own(SCHEMES)
    rule = catalogue.load("power", "partial_inversion")
    h = tf.constant([[1.0 + 1.0j, 0.5j, 0.0], [2.0, -0.1, 1.0j]], tf.complex64)  # [K, N]
    ones = tf.ones([2])
    for exponent, other in ((0.0, PhaseOnly()), (0.999999, FullInversion())):
        made = rule(exponent=exponent)
        seen, wanted = (each.amplitude(tf.constant(0.5), h, ones, ones).numpy() for each in (made, other))
        np.testing.assert_allclose(seen, wanted, rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(made.cost(h).numpy()[:, 0], other.cost(h).numpy()[:, 0], rtol=1e-4)
    part = rule(exponent=0.25)
    level = part.level(tf.constant([4.0, 1.0]), ones, h, tf.constant(0.1))
    assert float(level.scale) == 0.5  # of the device that would spend four times its budget
    np.testing.assert_allclose(level.arrival[0], 0.5 * (2**0.375 + 2**0.75) / 2, rtol=1e-6)
    arriving = part.amplitude(level.scale, h, ones, ones) * h
    np.testing.assert_allclose(arriving.numpy(), 0.5 * np.abs(h) ** 0.75, rtol=1e-5, atol=1e-7)


@needs_checkout
def test_groups_are_decoded_as_their_means(own: Any) -> None:
    own(SCHEMES)
    codec, layers = catalogue.load("codecs", "averaged")(group=3), ((5,), (2,))
    update = tf.constant([[1.0, 2.0, 6.0, 0.0, 0.0, 3.0, 9.0]])
    symbols = codec.encode(codec.select(update, layers, ()), layers, ())
    assert codec.elements(layers, 10) == symbols.shape[1] == 2  # three means, two to an element
    decoded = codec.decode(symbols[0], layers, (), tf.zeros([]))
    np.testing.assert_allclose(decoded, [3, 3, 3, 1, 1, 1, 9], rtol=1e-6)


@needs_checkout
def test_rings_are_told_apart_by_their_radii(own: Any) -> None:
    own(SCHEMES)
    data = catalogue.load("data", "rings")(pictures=200)
    arrays = data.load()
    assert arrays.x_train.shape == (160, 8, 8, 1) and arrays.x_test.shape[0] == 40 and arrays.classes == 4
    means = [arrays.x_train[arrays.y_train == label].mean(0)[..., 0] for label in range(4)]
    nearest = [np.argmin([np.square(image[..., 0] - mean).sum() for mean in means]) for image in arrays.x_test]
    assert np.mean(nearest == arrays.y_test) > 0.95


def test_objects_stand_where_a_scenario_has_kinds() -> None:
    uplink = Analog(RandomLinear(compression=2.0), FullInversion())
    made = {"data": "digits", "model": "softmax", "devices": 3, "rounds": 1, "uplink": ["ideal", uplink]}
    made |= {"link": {"channel": Rician(k_db=3.0)}, "algorithm": Fedavg(learning_rate=0.2, steps=2)}
    points = sweep(files.read(made)[1]).points
    assert [each.coordinates["uplink"] for each in points] == ["ideal", "analog"]
    last = points[1].scenario
    assert catalogue.build(last.uplink, "uplink") == uplink
    assert catalogue.build(last.link.channel, "link.channel") == Rician(k_db=3.0)
    assert (last.algorithm.kind, last.algorithm.steps) == ("fedavg", 2)


def test_an_object_of_no_scheme_is_refused_with_what_to_do() -> None:
    import dataclasses

    @dataclasses.dataclass
    class Mine:
        level: float = 1.0

    with pytest.raises(ScenarioError, match=r"received a Mine of .*name the folder by overair.use"):
        files.read({"uplink": Mine()})
    assert files.read({"uplink": Analog(Identity())})[1]["uplink"]["codec"] == {"kind": "identity"}
