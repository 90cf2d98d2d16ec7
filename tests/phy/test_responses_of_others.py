"""Responses from Sionna RT, PyTorch's users and MATLAB: each layout read as what it is, or refused in one line."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from overair import npz
from overair.phy import CirFile, Size, Span, keys

STILL = Span(0.0, 1, 1.0)
HEADER = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"


def responses(devices: int = 4, antennas: int = 3, paths: int = 5, steps: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    shape = (devices, antennas, paths, steps)
    return rng.normal(size=shape) + 1j * rng.normal(size=shape), rng.uniform(0, 1e-6, (devices, paths))


def drawn(path: Path, devices: int, antennas: int, span: Span = STILL) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients [K, A, L, T] and delays [K, L] of the file's transmitters, in its order."""
    channel = CirFile(str(path), normalized=False, replayed=True)
    paths = channel.draw(Size(1, antennas, devices), span, keys.key(0), keys.key(1))
    return np.moveaxis(paths.a.numpy()[0], 1, 0), paths.tau.numpy()[0]


def without_ends(array: np.ndarray) -> np.ndarray:
    """As MATLAB keeps it: axes of length 1 at the end, past the second, are gone."""
    while array.ndim > 2 and array.shape[-1] == 1:
        array = array[..., 0]
    return array


def level5(path: Path, **arrays: Any) -> None:
    savemat(path, {name: without_ends(np.atleast_2d(array)) for name, array in arrays.items()}, do_compression=True)


def unpacked5(path: Path, **arrays: Any) -> None:
    savemat(path, arrays)


def level73(path: Path, **arrays: Any) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            turned = without_ends(np.atleast_2d(array)).T
            if np.iscomplexobj(turned):
                kind = np.dtype([("real", turned.real.dtype), ("imag", turned.real.dtype)])
                turned = np.ascontiguousarray(turned).view(kind)
            file.create_dataset(name, data=turned, compression="gzip").attrs["MATLAB_class"] = np.bytes_("double")
    with open(path, "r+b") as stream:
        stream.write(HEADER)


def numpys(path: Path, **arrays: Any) -> None:
    with open(path, "wb") as stream:
        np.savez(stream, **arrays)


def sionnas(a: np.ndarray, tau: np.ndarray) -> dict[str, np.ndarray]:
    """Of one realisation, as ``Paths.cir`` gives it to an uplink."""
    return {"a": a.swapaxes(0, 1)[None, :, :, None].astype(np.complex64), "tau": tau[None].astype(np.float32)}


def batched(a: np.ndarray, tau: np.ndarray) -> dict[str, np.ndarray]:
    return {name: array[None] for name, array in sionnas(a, tau).items()}


def plain(a: np.ndarray, tau: np.ndarray) -> dict[str, np.ndarray]:
    return {"a": a, "tau": tau}


def toolbox(a: np.ndarray, tau: np.ndarray) -> dict[str, np.ndarray]:
    """As ``nrTDLChannel`` gives path gains, examples along a fifth axis."""
    return {"pathGains": a.transpose(3, 2, 1, 0)[:, :, None], "pathDelays": tau}


def two_ways(layout: Callable, devices: int, paths: int) -> bool:
    """Whether MATLAB forgets too much: one example of L paths, or L transmitters of one path each."""
    return layout is plain and devices == 1 < paths or layout is sionnas and paths == 1 < devices


SIZES = [(4, 3, 5), (4, 3, 1), (1, 3, 5), (4, 1, 5), (1, 1, 5), (1, 3, 1), (4, 1, 1), (1, 1, 1), (2, 2, 2)]


@pytest.mark.parametrize("write", [numpys, level5, level73])
@pytest.mark.parametrize("layout", [sionnas, batched, plain, toolbox])
def test_every_layout_is_read_as_what_it_is(tmp_path: Path, write: Callable, layout: Callable) -> None:
    for steps in (1, 3):
        for devices, antennas, paths in SIZES:
            a, tau = responses(devices, antennas, paths, steps)
            more = {"step_seconds": 1e-3} if steps > 1 else {}
            write(tmp_path / "own", **layout(a, tau), **more)
            if write is not numpys and steps == 1 and two_ways(layout, devices, paths):
                with pytest.raises(ValueError, match="expected axes that one layout has, .* write all seven"):
                    CirFile(str(tmp_path / "own"))
                continue
            found, delays = drawn(tmp_path / "own", devices, antennas, STILL if steps == 1 else Span(0.0, 3, 1e-3))
            np.testing.assert_allclose(found, a, rtol=2e-6, err_msg=str((devices, antennas, paths, steps)))
            np.testing.assert_allclose(delays, tau, rtol=1e-6)


@pytest.mark.parametrize("write", [level5, level73])
def test_channels_of_matlab_have_delays_in_common_and_sample_times(tmp_path: Path, write: Callable) -> None:
    a, tau = responses(devices=1, steps=6)
    times = np.arange(6.0)[:, None] * 2e-3
    write(tmp_path / "own.mat", pathGains=a.transpose(3, 2, 1, 0)[:, :, None], pathDelays=tau[0], sampleTimes=times)
    found, delays = drawn(tmp_path / "own.mat", 1, 3, Span(0.0, 11, 1e-3))
    np.testing.assert_allclose(found[..., ::2], a, rtol=2e-6)
    np.testing.assert_allclose(found[..., 1::2], (a[..., 1:] + a[..., :-1]) / 2, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(delays, tau, rtol=1e-6)
    write(tmp_path / "own.mat", pathGains=a.transpose(3, 2, 1, 0)[:, :, None], pathDelays=tau[0], sampleTimes=times**2)
    with pytest.raises(ValueError, match=r"sampleTimes that rise evenly, received steps of 4e-06 to 3.6e-05 s"):
        CirFile(str(tmp_path / "own.mat"))


def test_matlab_keeps_whole_numbers_as_bytes_and_gains_without_phase_as_reals(tmp_path: Path) -> None:
    for write in (level5, level73):
        write(tmp_path / "own.mat", a=np.full([1, 2, 1], 3.0), tau=np.zeros([1, 1]), first_seconds=0)
        found, delays = drawn(tmp_path / "own.mat", 1, 2)
        assert found.shape == (1, 2, 1, 1) and (found == 3).all() and not delays.any()
    body = struct.pack("<IIIIII", 6, 8, 6, 0, 5, 8) + struct.pack("<ii", 1, 1)
    parts = {"a": body + b"\x01\x00\x01\x00a\x00\x00\x00" + b"\x02\x00\x01\x00\x03\x00\x00\x00"}
    parts["tau"] = body + b"\x01\x00\x03\x00tau\x00" + b"\x02\x00\x01\x00\x00\x00\x00\x00"
    elements = b"".join(struct.pack("<II", 14, len(part)) + part for part in parts.values())
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    (tmp_path / "bytes.mat").write_bytes(head + elements)
    assert drawn(tmp_path / "bytes.mat", 1, 1)[0].item() == 3


def test_layouts_that_cannot_serve_say_what_to_do(tmp_path: Path) -> None:
    a, tau = (array for array in sionnas(*responses()).values())
    for arrays, message in (
        ({"a": a.transpose(2, 1, 0, 3, 4, 5), "tau": tau.swapaxes(0, 1)}, r"reverse_direction=True"),
        ({"a": a, "tau": np.zeros([1, 3, 4, 1, 5])}, "synthetic_array = True"),
        ({"a": a.real, "tau": tau}, r'expected complex a .* float32 .*out_type="numpy"'),
        ({"arr_0": a, "arr_1": tau}, "received arr_0, arr_1; give np.savez the arrays by name"),
        ({"a": a, "tau": tau[:, :3]}, r"received a \[1, 3, 4, 1, 5, 1\] and tau \[1, 3, 5\]"),
        ({"a": a.repeat(2, 3), "tau": tau}, "one antenna a transmitter"),
        ({"pathGains": np.ones([2, 5, 2, 3], complex), "pathDelays": tau[0, 0]}, r"pathGains \[steps, paths, 1,"),
        ({"pathGains": np.ones([1, 1, 1, 1, 1, 1], complex), "pathDelays": tau[0, 0]}, r"pathGains \[1, 1, 1, 1, 1, 1"),
        ({"a": a[..., :0, :], "tau": tau[..., :0]}, r"received a \[1, 3, 4, 1, 0, 1\]"),
    ):
        numpys(tmp_path / "own.npz", **arrays)
        with pytest.raises(ValueError, match=message) as refusal:
            CirFile(str(tmp_path / "own.npz"))
        assert "\n" not in str(refusal.value).split("cir_file.path")[1].split("[type=")[0].strip()


@pytest.mark.parametrize("write", [numpys, level5, level73])
def test_numbers_that_are_none_are_refused_in_every_format(tmp_path: Path, write: Callable) -> None:
    a, tau = responses()
    broken = a.copy()
    broken[1, 2] = np.nan
    for arrays, message in (
        ({"a": broken, "tau": tau}, "expected finite numbers in a"),
        ({"a": a, "tau": tau - 1e-6}, "expected delays of at least 0 s, received -"),
        ({"a": a, "tau": tau * 1e40}, r"expected delays of at most 1e\+09 s, received 9.*e\+33"),
        ({"a": 0 * a, "tau": tau}, "expected some gain"),
        ({"a": a}, "expected arrays a and tau.* received a"),
    ):
        write(tmp_path / "own", **arrays)
        with pytest.raises(ValueError, match=f"cir_file.path: {message}"):
            CirFile(str(tmp_path / "own"))


def bomb(path: Path) -> None:
    """A variable that says it has eight numbers and unpacks to 100 MB."""
    name = struct.pack("<HH4s", 1, 1, b"a\0\0\0")
    body = struct.pack("<IIIIII", 6, 8, 6, 0, 5, 8) + struct.pack("<ii", 2, 4) + name
    body += struct.pack("<II", 9, 10**8) + bytes(10**8)
    packed = zlib.compress(struct.pack("<II", 14, len(body)) + body)
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    path.write_bytes(head + struct.pack("<II", 15, len(packed)) + packed)


def bomb73(path: Path) -> None:
    """The same in HDF5, whose library unpacks it all."""
    with h5py.File(path, "w", userblock_size=512) as file:
        whole = file.create_dataset("a", (8, 256), "f8", chunks=(8, 256), compression="gzip")
        whole.id.write_direct_chunk((0, 0), zlib.compress(bytes(10**8)))
        file["tau"] = np.zeros([5, 4])
    with open(path, "r+b") as stream:
        stream.write(HEADER)


def many(path: Path) -> None:
    """Thousands of variables, each of which takes a millisecond to look at."""
    one = io.BytesIO()
    savemat(one, {"b": 1.0})
    content = one.getvalue()
    path.write_bytes(content[:128] + content[128:] * 5000)


def linked(path: Path, link: Any) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file["tau"], file["a"] = np.zeros([5, 4]), link
    with open(path, "r+b") as stream:
        stream.write(HEADER)


def lzf(path: Path) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("a", data=np.ones([8, 8]), compression="lzf")
        file["tau"] = np.zeros([5, 4])
    with open(path, "r+b") as stream:
        stream.write(HEADER)


def declaring(path: Path) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("a", (10**4, 10**4), "f8", chunks=True)
        file["tau"] = np.zeros([5, 4])
    with open(path, "r+b") as stream:
        stream.write(HEADER)


ODD = {
    "a struct": (lambda path: savemat(path, {"a": {"real": [1.0]}, "tau": [[0.0]]}), "a is a struct"),
    "a cell": (lambda path: savemat(path, {"a": np.array([1.0, "x"], object), "tau": [[0.0]]}), "a is a cell"),
    "a text": (lambda path: savemat(path, {"a": "text", "tau": [[0.0]]}), "a is a char where numbers"),
    "a bomb": (bomb, "larger than it says"),
    "a bomb of level 7.3": (bomb73, "larger than it says"),
    "many variables": (many, "more than 1000 variables"),
    "another packing": (lzf, "packed otherwise than MATLAB packs"),
    "much declared": (declaring, "0.745 GiB where"),
    "another file": (lambda path: linked(path, h5py.ExternalLink("/etc/hostname", "a")), "a is a struct, a link"),
    "a soft link": (lambda path: linked(path, h5py.SoftLink("/tau")), "a is a struct, a link"),
    "level 4": (lambda path: savemat(path, {"a": [[1.0]], "tau": [[0.0]]}, format="4"), "plain arrays"),
    "a header alone": (lambda path: path.write_bytes(b"MATLAB 5.0 MAT-file"), "pathDelays, received none"),
    "HDF5 of no kind": (lambda path: h5py.File(path, "w").close(), "plain arrays"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_of_matlab_are_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write, message = ODD[name]
    monkeypatch.setattr(npz, "MOST_BYTES", 10**6)
    write(tmp_path / "own.mat")
    with pytest.raises(ValueError, match=f"cir_file.path: expected .*{message}"):
        CirFile(str(tmp_path / "own.mat"))


@pytest.mark.parametrize("write", [numpys, level5, unpacked5, level73])
def test_files_that_end_early_or_are_damaged_are_refused_or_read(tmp_path: Path, write: Callable) -> None:
    a, tau = responses()
    write(tmp_path / "own", a=a, tau=tau)
    content, rng = (tmp_path / "own").read_bytes(), np.random.default_rng(0)
    odd = [content[:size] for size in np.linspace(8, len(content) - 1, 20).astype(int)]
    for at in rng.integers(0, len(content), 60):
        odd.append(content[:at] + bytes([content[at] ^ int(rng.integers(1, 256))]) + content[at + 1 :])
    refused = 0
    for number, each in enumerate(odd):
        (tmp_path / "odd").write_bytes(each)
        try:
            CirFile(str(tmp_path / "odd"))
        except ValueError as error:
            refused += "cir_file." in str(error)
        else:
            assert number >= 20  # whoever ends early is refused
    assert refused >= 20


def test_what_savemat_keeps_of_a_stream_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    a, tau = responses()
    stream = io.BytesIO()
    savemat(stream, {"a": a, "tau": tau, "other": np.zeros(10**5)}, do_compression=True)
    (tmp_path / "own.mat").write_bytes(stream.getvalue())
    monkeypatch.setattr(npz, "MOST_BYTES", 10**4)
    assert drawn(tmp_path / "own.mat", 4, 3)[0].shape == (4, 3, 5, 1)  # what is not wanted is not unpacked
    monkeypatch.setattr(npz, "MOST_BYTES", 900)
    with pytest.raises(ValueError, match="GiB may be"):
        CirFile(str(tmp_path / "own.mat"))
