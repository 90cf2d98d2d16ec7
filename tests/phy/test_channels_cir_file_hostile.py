"""Responses from files that are odd, damaged or made to deceive, and from Sionna itself: read rightly or refused."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.channel.tr38901 import PanelArray, UMi

from overair import npz
from overair.phy import Size, Span, keys
from overair.phy.channels.cir_file import CirFile

PLACE = keys.key(0, "place")
STILL = Span(0.0, 1, 1.0)


def responses(scale: float = 1.0, dtype: Any = np.complex128) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    a = (rng.normal(size=(12, 3, 4, 1)) + 1j * rng.normal(size=(12, 3, 4, 1))) * scale
    return {"a": a.astype(dtype), "tau": rng.uniform(0, 1e-6, (12, 4))}


def save(folder: Path, **arrays: Any) -> str:
    np.savez(folder / "own.npz", **arrays)
    return str(folder / "own.npz")


def header(shape: str, descr: str = "'<c8'") -> bytes:
    stream = io.BytesIO()
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    text += b" " * (64 - (10 + len(text) + 1) % 64) + b"\n"
    stream.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    return stream.getvalue()


def packed(folder: Path, a: bytes, compression: int = zipfile.ZIP_DEFLATED) -> str:
    path = folder / "odd.npz"
    tau = io.BytesIO()
    np.save(tau, responses()["tau"])
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("a.npy", a)
        archive.writestr("tau.npy", tau.getvalue())
    return str(path)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-25, 1e25, 1e160, 1e300])
def test_amplitudes_of_any_size_are_normalized_alike(tmp_path: Path, scale: float) -> None:
    paths = CirFile(save(tmp_path, **responses(scale))).draw(Size(1, 3, 12), STILL, keys.key(1), PLACE)
    usual = CirFile(save(tmp_path, **responses())).draw(Size(1, 3, 12), STILL, keys.key(1), PLACE)
    np.testing.assert_allclose(paths.a, usual.a, rtol=1e-6)  # float32
    np.testing.assert_allclose(paths.power, usual.power, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-25, 1e18])
def test_small_and_large_single_precision_is_normalized_too(tmp_path: Path, scale: float) -> None:
    paths = CirFile(save(tmp_path, **responses(scale, np.complex64))).draw(Size(1, 3, 12), STILL, keys.key(1), PLACE)
    assert (np.abs(paths.a) ** 2).sum((3, 4)).mean() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_gains_that_single_precision_cannot_hold_are_refused_unless_normalized(tmp_path: Path, scale: float) -> None:
    with pytest.raises(ValueError, match="cir_file.normalized: expected true, or a file whose mean gain"):
        CirFile(save(tmp_path, **responses(scale)), normalized=False)


@pytest.mark.parametrize("delay", [1.0, -1.0, np.nan, np.inf])
def test_delays_of_silent_paths_do_not_count(tmp_path: Path, delay: float) -> None:
    own = responses()
    own["a"][5, :, 2] = 0
    known = CirFile(save(tmp_path, **own)).longest
    own["tau"][5, 2] = delay
    channel = CirFile(save(tmp_path, **own))
    assert channel.longest == known < 1e-6
    assert np.isfinite(channel.draw(Size(1, 3, 12), STILL, keys.key(1), PLACE).tau).all()


@pytest.mark.parametrize("direction", ["uplink", "downlink"])
@pytest.mark.parametrize("normalized", [True, False])
def test_what_sionnas_microcell_exports_is_read(tmp_path: Path, direction: str, normalized: bool) -> None:
    examples, steps, apart = 6, 3, 1e-3
    element = PanelArray(1, 1, "single", "V", "omni", 3.5e9)
    sionnas = UMi(3.5e9, "low", ut_array=element, bs_array=element, direction=direction)
    flat = tf.random.stateless_uniform([examples, 1, 2], [1, 2], 30.0, 90.0)
    nowhere = tf.zeros([examples, 1, 3])
    sionnas.set_topology(
        tf.concat([flat, tf.fill([examples, 1, 1], 1.5)], 2),
        nowhere + tf.constant([0.0, 0.0, 10.0]),
        nowhere,
        nowhere,
        nowhere + 3.0,
        tf.constant([[False], [True]] * (examples // 2)),
    )
    a, tau = (each.numpy() for each in sionnas(steps, 1 / apart))
    assert tau.max() > 1e-4  # as they are: paths that are none carry delays that are none
    given = a * 1e5  # a microcell's gains near 1
    channel = CirFile(save(tmp_path, a=given, tau=tau, step_seconds=apart), normalized=normalized)
    heard = np.any(a[:, 0, :, 0, 0] != 0, axis=(1, 3))
    assert channel.longest == pytest.approx(tau[:, 0, 0][heard].max(), rel=1e-6) and channel.longest < 1e-4
    paths = channel.draw(Size(1, 1, examples), Span(0.0, 2, apart / 2), keys.key(1), PLACE)
    assert np.isfinite(paths.a).all() and np.isfinite(paths.tau).all()
    if not normalized:
        gains = (np.abs(given[:, 0, :, 0, 0]) ** 2).sum(2).mean((1, 2))
        found = np.sort((np.abs(paths.a[0, 0]) ** 2).sum(1).mean(1))
        assert found.sum() == pytest.approx(gains.sum(), rel=0.5)  # at other moments of the same examples


def test_a_file_that_was_rewritten_is_another_channel(tmp_path: Path) -> None:
    one = CirFile(save(tmp_path, **responses()), normalized=False)
    again = CirFile(save(tmp_path, **responses()), normalized=False)
    other = CirFile(save(tmp_path, **responses(2.0)), normalized=False)
    assert one == again and hash(one) == hash(again) and one != other

    @tf.function(autograph=False)
    def gain(channel: CirFile) -> tf.Tensor:
        return tf.reduce_sum(channel.draw(Size(1, 3, 12), STILL, keys.key(1), PLACE).power)

    assert gain(other).numpy() == pytest.approx(4 * gain(one).numpy(), rel=1e-5)


def test_odd_archives_are_refused_in_one_line_before_they_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = header("(12, 3, 4, 1)") + bytes(12 * 12 * 8)
    good = packed(tmp_path, whole)
    content = Path(good).read_bytes()
    monkeypatch.setattr(npz, "MOST_BYTES", 10**6)
    odd = {
        "GiB may be": lambda: packed(tmp_path, header("(12, 3, 4, 100000)") + bytes(2 * 10**6)),
        "bytes where": lambda: packed(tmp_path, header("(12, 3, 4, 1000000000000)") + bytes(100)),
        "bytes where ": lambda: packed(tmp_path, header("(-12, 3, 4, 1)") + bytes(12 * 12 * 8)),
        "Python objects": lambda: packed(tmp_path, header("(12, 3, 4, 1)", "'|O'") + bytes(12 * 12 * 8)),
        "received complex256|received <V|received": lambda: packed(
            tmp_path, header("(12, 3, 4, 1)", "[('x', '<c8')]") + bytes(12 * 12 * 8)
        ),
        "version": lambda: packed(tmp_path, whole[:6] + b"\x02" + whole[7:]),
        "magic": lambda: packed(tmp_path, b"no array"),
        "plain arrays": lambda: packed(tmp_path, header("__import__('os').getcwd()") + bytes(10)),
        "EOF|zip|central": lambda: _bytes(tmp_path, content[: len(content) // 2]),
        "CRC|invalid|Error|arrays": lambda: _bytes(tmp_path, content[:80] + b"\xff" * 8 + content[88:]),
        "encrypted": lambda: _bytes(tmp_path, _flagged(content)),
        "directory|none": lambda: str(tmp_path),
        "which is none": lambda: "x" * 5000,
        "is none": lambda: "a\0b",
    }
    for message, make in odd.items():
        with pytest.raises(ValueError, match=message) as refusal:
            CirFile(make())
        said = next(line for line in str(refusal.value).splitlines() if "cir_file.path: expected" in line)
        assert said.isprintable()


def test_steps_must_be_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    moving = {"a": rng.normal(size=(2, 1, 1, 3)) + 0j, "tau": np.zeros([2, 1])}
    for step in ("1e-3", [1.0, 2.0], np.nan, 1e300, 1j, True):
        with pytest.raises(ValueError, match="expected step_seconds, one positive number"):
            CirFile(save(tmp_path, **moving, step_seconds=step))


def _bytes(folder: Path, content: bytes) -> str:
    (folder / "odd.npz").write_bytes(content)
    return str(folder / "odd.npz")


def _flagged(content: bytes) -> bytes:
    """With the bit of encryption set in every header."""
    changed = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(signature, at + 1)) >= 0:
            changed[at + offset] |= 1
    return bytes(changed)
