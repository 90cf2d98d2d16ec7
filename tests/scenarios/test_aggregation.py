"""The study of sums: it is what formulas and a sum by hand say, whatever the blocks, and takes vectors from files."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import xarray as xr
from scipy.integrate import quad
from scipy.linalg import hadamard

from overair.ota import Analog, Terms
from overair.ota.sums import Sums, normal_vectors
from overair.phy import Air, FullInversion, Grid, Rayleigh, keys
from overair.scenarios import ScenarioError, run, studies
from overair.scenarios.reading import sources
from overair.scenarios.running.units import Work
from overair.scenarios.studies import _aggregation
from tests.checkout import kept

DEVICES, ENTRIES = 8, 64


@pytest.fixture
def alike(tmp_path: Path) -> str:
    """Orthogonal vectors whose symbols all have the same energy: what a formula says of them holds without a limit."""
    np.save(tmp_path / "alike.npy", hadamard(ENTRIES)[1 : DEVICES + 1].astype(np.int64))
    return str(tmp_path / "alike.npy")


def sums_of(alike: str, **fields: Any) -> xr.Dataset:
    whole = {"study": "aggregation", "devices": DEVICES, "entries": ENTRIES, "vectors": alike, "seeds": [0]}
    return run(whole | {"rounds": 300} | fields).isel(seed=0)


def agrees(found: xr.Dataset, expected: np.ndarray) -> bool:
    """To 4.5 standard errors, and 1e-4 for float32."""
    return bool((abs(found.nmse - expected) < 4.5 * found.nmse_error + 1e-4 * expected).all())


def test_inversion_without_fading_leaves_the_noise_alone(alike: str) -> None:
    """Each of K devices sends at P: NMSE N0/K."""
    snrs = np.array([-10.0, 0.0, 20.0])
    found = sums_of(alike, uplink={"kind": "analog", "rule": "full_inversion"}, link=over("awgn", snrs))
    expected = 10 ** (-snrs / 10) / DEVICES
    assert agrees(found, expected)
    np.testing.assert_allclose(found.theory, expected, rtol=1e-5)
    np.testing.assert_allclose(found.energy, 1.0, rtol=1e-5)


def test_the_best_power_without_fading_is_that_of_a_linear_estimate(alike: str) -> None:
    """All are alike, so it is an MMSE receiver of a sum of power K: NMSE N0 / (N0 + K), gain K / (N0 + K)."""
    snrs = np.array([-15.0, -5.0, 5.0])
    found = sums_of(alike, uplink={"kind": "analog", "rule": "mse_optimal"}, link=over("awgn", snrs))
    noise = 10 ** (-snrs / 10)
    assert agrees(found, noise / (noise + DEVICES))
    np.testing.assert_allclose(found.theory, noise / (noise + DEVICES), rtol=1e-5)
    np.testing.assert_allclose(found.gain, DEVICES / (noise + DEVICES), atol=0.05)


@pytest.mark.parametrize("threshold", [0.1, 0.7])
def test_truncated_inversion_over_rayleigh_fading_is_the_silent_share_and_the_noise(
    alike: str, threshold: float
) -> None:
    """NMSE p + E[max_k y_k] N0/K: y = 1/|h|^2 is what a device spends, 0 with probability p = 1 - exp(-g)."""
    snrs = np.array([-10.0, 20.0])
    rule = {"kind": "truncated_inversion", "threshold": threshold, "unbiased": False}
    found = sums_of(alike, uplink={"kind": "analog", "rule": rule}, link=over("rayleigh", snrs), rounds=1500)
    silent = 1 - np.exp(-threshold)
    largest = quad(lambda y: 1 - (silent + np.exp(-1 / y)) ** DEVICES if y else 1 - silent**DEVICES, 0, 1 / threshold)[
        0
    ]
    assert agrees(found, silent + largest * 10 ** (-snrs / 10) / DEVICES)
    assert (abs(found.theory - found.nmse) < found.nmse_error).all()  # as the fades are the same


def over(channel: str, snrs: np.ndarray, **fields: Any) -> dict[str, Any]:
    return {"channel": channel, "snr_db": snrs.tolist(), **fields}


def test_a_sum_by_hand() -> None:
    """Two devices, three entries, known gains: each inverts, the weaker sets the level, and noise is drawn once."""
    air, vectors = Air(Grid(subcarriers=4, symbols=1), Rayleigh(), 2), np.array([[1.0, -2.0, 0.5], [3.0, 1.0, -1.0]])
    terms = Terms(air, 3, 2)
    sums = Sums(Analog(rule=FullInversion()), terms, lambda key: tf.constant(vectors, tf.float32))
    seed = tf.constant(5, tf.int64)
    found = sums.rounds(sums.init(seed), seed, tf.constant(3.0), tf.constant(7), tf.constant(1))

    key = keys.key(5, "round", 7)
    link = air.draw(air.init(keys.key(5, "place")), keys.fold(key, "link"), 0.0, 1, 3.0)
    h = link.response()[0, 0, :, 0, 0].numpy()
    noise = air.noise(1, link, keys.fold(key, "noise"))[0, 0, 0, :2].numpy()
    energy = (vectors**2).sum(axis=1) / 4 / np.abs(h) ** 2 / 2  # weights 1/2, two granted elements
    level = min(energy**-0.5)
    error = np.array([noise[0].real, noise[0].imag, noise[1].real]) / level
    total = vectors.mean(axis=0)
    np.testing.assert_allclose(found.nmse[0], (error**2).sum() / (total**2).sum(), rtol=1e-4)
    np.testing.assert_allclose(found.gain[0], 1 + error @ total / (total**2).sum(), rtol=1e-4)
    np.testing.assert_allclose(found.energy_max[0], 1.0, rtol=1e-4)
    np.testing.assert_allclose(found.energy[0], (energy * level**2).mean(), rtol=1e-4)
    np.testing.assert_allclose(found.theory[0], 3 * link.noise / 2 / level**2 / (total**2).sum(), rtol=1e-4)


def test_rounds_have_the_same_bits_in_any_blocks() -> None:
    air = Air(Grid(), Rayleigh(), 3, antennas=2)
    sums, seed, snr = (
        Sums(Analog(), Terms(air, 20, 10), normal_vectors(3, 20)),
        tf.constant(1, tf.int64),
        tf.constant(5.0),
    )
    state = sums.init(seed)

    def rounds(first: int, count: int) -> np.ndarray:
        return np.array(sums.rounds(state, seed, snr, tf.constant(first), tf.constant(count)))

    whole = rounds(0, 7)
    assert (np.concatenate([rounds(0, 3), rounds(3, 4)], axis=1) == whole).all()
    assert (rounds(5, 1) == whole[:, 5:6]).all()
    assert len({*whole[0]}) == 7


def test_links_are_those_of_federated_learning_with_the_same_seed() -> None:
    """Bits of a digital uplink follow from its links, moving ones, round for round."""
    air = {"devices": 3, "rounds": 3, "seeds": [4], "uplink": "digital"}
    link = {"channel": {"kind": "tdl", "speed": 30.0}}
    sums = run({"study": "aggregation", "entries": 650, **air, "link": link | {"snr_db": [7.0]}})
    trained = run({"data": "digits", "model": "softmax", **air, "evaluate_every": 1, "link": link | {"snr_db": 7.0}})
    assert len({*trained.bits.values.ravel()}) == 3
    assert float(sums.bits.squeeze()) == pytest.approx(float(trained.bits.mean()), rel=1e-6)


def test_vectors_are_normal_and_as_correlated_as_asked() -> None:
    draws = np.array([normal_vectors(3, 4000, 0.3)(keys.key(0, at)) for at in range(25)])  # [R, K, d]
    products = np.einsum("rkd,rld->kl", draws, draws) / (25 * 4000)
    assert np.abs(products - (0.3 + 0.7 * np.eye(3))).max() < 4.5 * (2 / 100_000) ** 0.5


def test_an_snr_more_computes_itself_alone_and_gives_the_bits_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"study": "aggregation", "devices": 3, "entries": 10, "rounds": 4, "seeds": [0, 1], "uplink": "analog"}
    wanted: list[Any] = []
    measure = _aggregation.measure

    def counted(study: Any, sums: Sums, work: Work) -> dict[str, np.ndarray]:
        wanted.append(work.wanted["link.snr_db"])
        return measure(study, sums, work)

    monkeypatch.setattr(_aggregation, "measure", counted)
    whole = run(small | {"link": {"snr_db": [0.0, 10.0, 5.0]}})
    run(small | {"link": {"snr_db": [0.0, 10.0]}}, out=tmp_path / "run")
    grown = run(small | {"link": {"snr_db": [0.0, 10.0, 5.0]}}, out=tmp_path / "run")
    assert wanted == 2 * [[0.0, 10.0, 5.0]] + 2 * [[0.0, 10.0]] + 2 * [[5.0]]
    xr.testing.assert_identical(grown.drop_attrs(), whole.drop_attrs())


@pytest.mark.parametrize("kind", sources.sources("uplinks"))
def test_it_works_with_every_uplink(kind: str) -> None:
    found = run(
        {"study": "aggregation", "devices": 2, "entries": 10, "rounds": 2, "seeds": [0], "uplink": kind}
        | {"link": {"snr_db": [20.0]}, "grant": {"elements": 100}}
    )
    for measure in ("nmse", "nmse_error", "nmse_sent", "gain", "energy", "bits", "decoded", "resource_elements"):
        assert np.isfinite(found[measure]).all(), measure
    assert found.decoded <= 2 and found.nmse < 1


@pytest.mark.parametrize("rule", sources.sources("power"))
def test_it_works_with_every_power_rule(rule: str) -> None:
    found = run(
        {"study": "aggregation", "devices": 2, "entries": 10, "rounds": 2, "seeds": [0], "link": {"snr_db": [20.0]}}
        | {"uplink": {"kind": "analog", "rule": rule}, "grant": {"elements": 100}}
    )
    assert np.isfinite(found.nmse).all() and (found.energy_max < 1 + 1e-4).all()


@pytest.mark.parametrize("kind", sources.sources("csi"))
def test_it_works_with_whatever_is_known_of_the_channel(kind: str) -> None:
    found = run(
        {"study": "aggregation", "devices": 2, "entries": 10, "rounds": 2, "seeds": [0], "uplink": "analog"}
        | {"link": {"snr_db": [20.0], "channel": "tdl", "antennas": 2, "csit": kind, "csir": kind}}
    )
    assert np.isfinite(found.nmse).all() and (found.energy_max < 1 + 1e-4).all()
    assert bool((found.pilot_elements > 0).all()) == (kind == "estimated")


# --- Files


def test_vectors_come_from_text_as_well_and_the_first_devices_are_taken(alike: str, tmp_path: Path) -> None:
    np.savetxt(tmp_path / "alike.csv", np.load(alike), delimiter=",")
    few = {"devices": 3, "rounds": 2, "uplink": "ideal"}
    for path in (alike, str(tmp_path / "alike.csv")):
        assert sums_of(path, **few).nmse[0] < 1e-12


def test_a_file_counts_by_its_content(alike: str, tmp_path: Path) -> None:
    def identity(path: str) -> Any:
        raw = {"study": "aggregation", "devices": 3, "entries": ENTRIES, "vectors": path, "uplink": "analog"}
        return studies.check(raw).identity()

    before = identity(alike)
    copy = tmp_path / "copy.npy"
    copy.write_bytes(Path(alike).read_bytes())
    assert identity(str(copy)) == before
    np.save(copy, np.load(alike) * 2)
    assert identity(str(copy)) != before


def archive(file: Path) -> None:
    with file.open("wb") as stream:
        np.savez(stream, a=np.ones([2, 4]))


def large(file: Path) -> None:
    file.touch()
    os.truncate(file, 2**27)


def npy(values: Any) -> Any:
    return lambda file: np.save(file, values, allow_pickle=True)


@pytest.mark.parametrize(
    ("name", "make", "complaint"),
    [
        ("none.npy", None, "expected a file that can be read, received .*none.npy, which is none"),
        ("kind.txt", None, "expected a .npy or .csv file, received"),
        ("junk.npy", lambda file: file.write_bytes(b"junk"), "expected a .npy file of numbers"),
        ("objects.npy", npy(np.array([{}], dtype=object)), "expected a .npy file of numbers"),
        ("archive.npy", archive, "expected a .npy file of numbers"),
        ("large.csv", large, "expected at most 64 MiB"),
        ("bytes.csv", lambda file: file.write_bytes(bytes(range(256))), "expected rows of numbers with commas between"),
        ("words.npy", npy(np.array([["a"]])), "expected real numbers .devices, entries."),
        ("complex.npy", npy(np.ones([2, 4], complex)), "expected real numbers .devices, entries."),
        ("flat.npy", npy(np.ones(8)), "expected real numbers .devices, entries. .* of the shape .8."),
        ("wide.npy", npy(np.ones([2, 5])), "expected 4 entries a vector in .*, received 5; set entries = 5"),
        ("few.npy", npy(np.ones([1, 4])), "expected a vector for each of 2 devices in .*, received 1"),
        ("nan.npy", npy(np.array([[1, np.nan, 1, 1]] * 2)), "expected finite numbers"),
        ("huge.npy", npy(np.full([2, 4], 1e300)), "expected finite numbers"),
        ("zeros.npy", npy(np.array([[1.0] * 4, [-1.0] * 4])), "expected a sum that is not zero"),
        ("empty.csv", lambda file: file.write_text(""), "expected rows of numbers with commas between"),
        ("words.csv", lambda file: file.write_text("a,b\n1,2\n"), "expected rows of numbers with commas between"),
        ("ragged.csv", lambda file: file.write_text("1,2\n1\n"), "expected rows of numbers with commas between"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused_in_one_line(tmp_path: Path, name: str, make: Any, complaint: str) -> None:
    file = tmp_path / name
    if make:
        make(file)
    raw = {"study": "aggregation", "devices": 2, "entries": 4, "uplink": "ideal", "vectors": str(file)}
    with pytest.raises(ScenarioError, match=f"^scenario field vectors: {complaint}.*$") as caught:
        run(raw)
    assert "\n" not in str(caught.value)


def test_a_header_that_promises_more_than_the_file_holds_takes_no_memory(tmp_path: Path) -> None:
    np.save(tmp_path / "big.npy", np.ones([2, 4]))
    content = (tmp_path / "big.npy").read_bytes()
    promised = content.replace(b"(2, 4), }" + 10 * b" ", b"(9999999, 99999), }", 1)
    assert len(promised) == len(content) and promised != content
    (tmp_path / "big.npy").write_bytes(promised)
    with pytest.raises(ScenarioError, match="scenario field vectors: expected a .npy file of numbers"):
        run(
            {
                "study": "aggregation",
                "devices": 2,
                "entries": 4,
                "uplink": "ideal",
                "vectors": str(tmp_path / "big.npy"),
            }
        )


def test_what_cannot_be_is_refused_by_its_field(alike: str) -> None:
    raw = {"study": "aggregation", "devices": DEVICES, "entries": ENTRIES, "uplink": "analog"}
    with pytest.raises(ScenarioError, match="field entries: expected at most 4 GiB of vectors"):
        run(raw | {"devices": 10**6, "entries": 10**6})
    with pytest.raises(ScenarioError, match="field correlation: expected 0 for vectors of a file, received 0.5"):
        run(raw | {"vectors": alike, "correlation": 0.5})
    with pytest.raises(ScenarioError, match="field grant.elements: expected at least 32 resource elements"):
        run(raw | {"grant": {"elements": 3}})


# --- Curves that are kept


@pytest.mark.parametrize(
    ("preset", "sets", "place"),
    [
        ("aggregation", ["devices=5", "uplink={kind='analog', rule='mse_optimal'}", "link.snr_db=10"],
         {"devices": 5, "uplink": "analog mse_optimal", "snr_db": 10.0}),
        ("clock_offset_sums", ["link.impairments.0.high=24.0", "link.impairments.0.seen=true", "rounds=2"],
         {"high": 24.0, "seen": "true", "snr_db": 20.0}),
    ],
)  # fmt: skip
def test_a_point_of_a_kept_curve_comes_out_again(preset: str, sets: list[str], place: dict[str, Any]) -> None:
    curve = kept(preset).sel(place).isel(seed=0)
    again = run(preset, [*sets, "seeds=[0]"])
    if "rounds=2" not in sets:
        assert float(again.nmse.squeeze()) == pytest.approx(float(curve.nmse), rel=1e-3)  # the same draws
    assert abs(float(again.nmse.squeeze()) - float(curve.nmse)) < 4.5 * float(curve.nmse_error) * 20**0.5
