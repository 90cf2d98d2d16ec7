"""Files that GNU Octave 7.3 wrote itself, which are read; what it writes where nobody asks for a format is refused.

[s, l, x, r, k] = ndgrid(0:1, 0:1, 0, 0:1, 0:2);
pathGains = s + 1 + 1j * (l + 2*r + 4*k);  pathDelays = [0 2e-7];  sampleTimes = [0; 1e-3];
save -v7 v7.mat pathGains pathDelays sampleTimes
a = single(reshape(1:12, [1 1 2 3 1 2]) * 1j + 0.5);  tau = single(reshape((0:5) * 2^-20, [1 1 3 2]));
save -v6 v6.mat a tau
"""

import base64
from pathlib import Path

import numpy as np
import pytest

from overair.phy import CirFile
from overair.phy.channels import _cir

V7 = """
TUFUTEFCIDUuMCBNQVQtZmlsZSwgd3JpdHRlbiBieSBPY3RhdmUgNy4zLjAsIDIwMjYtMTEtMjcgMDM6Mjk6NDIgVVRDICAgICAgICAg
ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAABSU0PAAAAZgAAAHic42NgYLjByMDABqQ5gJgNSAC5
DKxALALETFDMCKWZGSAAxOcE4oLEkgz3xMy8Yqg4SOwAAwx8sIcyHIYaH9Uf6ACmDl0/jOZAowXQaBE0WgKNlkGjFdBoJTRaBY1Wg9MA
MSogzQ8AAAA7AAAAeJzjY2BgCABiNiDmgNKMQMwK5YPYTFCaC4gLEksyXFJzEiuLGcCAE4gFGBDAY/2eWZ+ud9kBANM6CZUPAAAAOwAA
AHic42NgYAgAYjYg5oDSjEDMCuUzQfkgzA3ExYm5BTmpIZm5qcUMIMAJxAIMCPBn5cdLvkkB9gDlJgnT
"""
V6 = """
TUFUTEFCIDUuMCBNQVQtZmlsZSwgd3JpdHRlbiBieSBPY3RhdmUgNy4zLjAsIDIwMjYtMTEtMjcgMDM6Mjk6NDIgVVRDICAgICAgICAg
ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAABSU0OAAAAqAAAAAYAAAAIAAAABwgAAAEAAAAFAAAA
GAAAAAEAAAABAAAAAgAAAAMAAAABAAAAAgAAAAEAAQBhAAAABwAAADAAAAAAAAA/AAAAPwAAAD8AAAA/AAAAPwAAAD8AAAA/AAAAPwAA
AD8AAAA/AAAAPwAAAD8HAAAAMAAAAAAAgD8AAABAAABAQAAAgEAAAKBAAADAQAAA4EAAAABBAAAQQQAAIEEAADBBAABAQQ4AAABQAAAA
BgAAAAgAAAAHAAAAAQAAAAUAAAAQAAAAAQAAAAEAAAADAAAAAgAAAAEAAwB0YXUABwAAABgAAAAAAAAAAACANQAAADYAAEA2AACANgAA
oDY=
"""


def written(path: Path, text: str) -> str:
    path.write_bytes(base64.b64decode(text))
    return str(path)


def test_gains_in_matlabs_axes_are_read_with_their_delays_and_sample_times(tmp_path: Path) -> None:
    found = _cir.read(written(tmp_path / "v7.mat", V7))
    k, r, path, step = np.ogrid[:3, :2, :2, :2]
    np.testing.assert_array_equal(found.a, (step + 1 + 1j * (path + 2 * r + 4 * k))[None])  # [B, K, A, L, S]
    np.testing.assert_array_equal(found.tau, np.broadcast_to([0.0, 2e-7], [1, 3, 2]))
    assert found.step == 1e-3


def test_gains_in_sionnas_axes_are_read_although_octave_drops_the_last(tmp_path: Path) -> None:
    found = _cir.read(written(tmp_path / "v6.mat", V6))
    numbers = np.arange(1.0, 13.0).reshape(2, 3, 2, order="F")  # [A, K, L], the first axis fastest
    np.testing.assert_array_equal(found.a, (0.5 + 1j * numbers.swapaxes(0, 1))[None, ..., None])
    np.testing.assert_array_equal(found.tau, np.arange(6.0).reshape(1, 3, 2, order="F") * 2**-20)


@pytest.mark.parametrize(
    "content", [b"# Created by Octave 7.3.0\n# name: a\n# type: complex matrix\n", b"\x89HDF\r\n\x1a\n"]
)
def test_octaves_own_formats_are_refused_with_what_to_type(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.mat").write_bytes(content)
    with pytest.raises(ValueError, match="plain arrays, received .*own.mat.*; .*Octave's save -v7"):
        CirFile(str(tmp_path / "own.mat"))
