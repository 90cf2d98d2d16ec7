"""The process that traces rays for ``ray_traced``: reads what is asked from a .npz and leaves paths in another.

Run by its file name and alone: it loads Sionna RT, and must not load TensorFlow.
"""

import sys
from importlib import import_module
from typing import Any

import numpy as np

SAMPLES = 200_000  # rays shot


def trace(ask: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Path coefficients [N, A, L], with the strongest first, and delays [N, L] after each device's first path."""
    rt = _sionna_rt()
    scene = rt.load_scene(ask["scene"].item())
    box = np.array([ask[side].item() for side in ("west", "south", "east", "north")])
    _check_box(box, scene)
    scene.frequency = ask["carrier"].item()
    scene.tx_array = _array(rt, ask["antennas"].item())
    scene.rx_array = _array(rt, 1)
    scene.add(rt.Transmitter("receiver", position=[ask[axis].item() for axis in "xyz"]))
    tries, count, _ = ask["spots"].shape
    paths = ask["paths"].item()
    a, tau = np.zeros([count, ask["antennas"].item(), paths], np.complex64), np.zeros([count, paths], np.float32)
    missing = np.arange(count)
    for spots in ask["spots"]:
        names = [f"device {number}" for number in missing]
        for name, (east, north) in zip(names, spots[missing], strict=True):
            scene.add(rt.Receiver(name, position=[float(east), float(north), ask["height"].item()]))
        some, delays = _solve(rt, scene, ask["max_depth"].item(), paths)
        reached = np.any(some != 0, axis=(1, 2))
        a[missing[reached]], tau[missing[reached]] = some[reached], delays[reached]
        missing = missing[~reached]
        if not missing.size:
            return a, tau
        for name in names:
            scene.remove(name)
    raise ValueError(
        f"ray_traced: expected positions that paths reach, received {missing.size} of {count} devices with none in "
        f"{tries} tries; move the box (west, south, east, north) = {box.tolist()} or the receiver, or raise max_depth"
    )


def _solve(rt: Any, scene: Any, max_depth: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The strongest paths of the devices in a scene, padded with silent ones."""
    solved = rt.PathSolver()(
        scene,
        max_depth=max_depth,
        samples_per_src=SAMPLES,
        synthetic_array=True,
        los=True,
        specular_reflection=True,
        diffuse_reflection=False,
        refraction=False,
        seed=1,
    )
    a, tau = solved.cir(normalize_delays=False, out_type="numpy")  # [K, 1, 1, A, L, 1], [K, 1, L]
    a, tau = a[:, 0, 0, :, :, 0], tau[:, 0]
    a, tau = (np.pad(value, [[0, 0]] * (value.ndim - 1) + [[0, most]]) for value in (a, tau))
    power = (np.abs(a) ** 2).mean(1)  # [K, L]
    first = np.where(power > 0, tau, np.inf).min(1, keepdims=True)
    late = np.where(power > 0, tau - first, 0.0)
    order = np.argsort(-power, axis=1, kind="stable")[:, :most]
    return np.take_along_axis(a, order[:, None], 2), np.take_along_axis(late, order, 1).astype(np.float32)


def _array(rt: Any, antennas: int) -> Any:
    return rt.PlanarArray(
        num_rows=1, num_cols=antennas, vertical_spacing=0.5, horizontal_spacing=0.5, pattern="iso", polarization="V"
    )


def _check_box(box: np.ndarray, scene: Any) -> None:
    around = scene.mi_scene.bbox()
    low, high = np.array(around.min).ravel()[:2], np.array(around.max).ravel()[:2]
    if np.any(box[:2] < low) or np.any(box[2:] > high):
        raise ValueError(
            f"ray_traced: expected a box inside the scene, from ({low[0]:.0f}, {low[1]:.0f}) to ({high[0]:.0f}, "
            f"{high[1]:.0f}), received (west, south, east, north) = {box.tolist()}"
        )


def _sionna_rt() -> Any:
    """Sionna RT, if there is something it can run on."""
    drjit = import_module("drjit")  # whose type stubs mypy cannot read
    if not any(drjit.has_backend(backend) for backend in (drjit.JitBackend.LLVM, drjit.JitBackend.CUDA)):
        raise ValueError(
            "ray_traced: expected LLVM for tracing on the processor, found none; install it (on Debian and Ubuntu the "
            "package libllvm15 or a later one), or say where libLLVM.so is in DRJIT_LIBLLVM_PATH"
        )
    return import_module("sionna.rt")


def main(ask: str, answer: str) -> None:
    """Trace what one file asks, into another."""
    with np.load(ask) as asked:
        wanted = dict(asked)
    try:
        a, tau = trace(wanted)
    except ValueError as error:
        sys.exit(str(error))
    np.savez(answer, a=a, tau=tau)


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file, whose names are not for others
    main(*sys.argv[1:])
