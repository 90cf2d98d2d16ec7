"""Impulse responses of a file, in any of the layouts that Sionna, MATLAB and this package write, checked.

    Sionna      a [B, 1, A, K, 1, L, S], tau [B, 1, K, L]           B realisations of K transmitters to one receiver
    Sionna RT   a [1, A, K, 1, L, S], tau [1, K, L]                 one realisation, as ``Paths.cir`` gives it
    plain       a [K, A, L, S], tau [K, L]
    MATLAB      pathGains [S, L, 1, A, K], pathDelays [L], [K, L]   as ``nrTDLChannel`` and ``comm.MIMOChannel`` give it

MATLAB drops axes of length 1 at the end: they are put back, and what then fits two layouts that differ is refused.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np

from ... import npz
from . import _matlab

NAMES = ("a", "tau", "pathGains", "pathDelays", "step_seconds", "sampleTimes", "start_seconds", "first_seconds")
LONGEST = 1e9  # seconds of a step, and of a delay
EVEN = 1e-3  # of a step, by which sample times may be off
WRITERS = "np.savez writes the one, MATLAB's save and Octave's save -v7 the other"
LAYOUTS = (
    "a [batch, 1, antennas, transmitters, 1, paths, steps] and tau [batch, 1, transmitters, paths], Sionna's axes with "
    "one receiver and one antenna a transmitter, with or without batch; or a [examples, antennas, paths, steps] and "
    "tau [examples, paths]; or MATLAB's pathGains [steps, paths, 1, antennas, examples] and pathDelays"
)


class Responses(NamedTuple):
    """Realisations of transmitters to one receiver; the delay of a path without power is 0."""

    a: np.ndarray  # complex [B, K, A, L, S]
    tau: np.ndarray  # seconds, [B, K, L]
    step: float  # seconds between steps; 0 of a single one
    starts: np.ndarray | None  # seconds at which the data of each realisation begins, [B], where the file says
    first: float  # seconds of the first step after that
    digest: str  # of the file


def read(path: str) -> Responses:
    """The responses of a .npz or .mat file; ValueError in one line where it has none that are right."""
    found, matlab = _read(path)
    arrays = found.arrays
    pairs = [names for names in (("a", "tau"), ("pathGains", "pathDelays")) if set(names) <= set(arrays)]
    if not pairs:
        hint = "; give np.savez the arrays by name" if "arr_0" in found.names else ""
        raise _wrong("arrays a and tau, or pathGains and pathDelays", (npz.named(found.names) or "none") + hint)
    a, tau = (arrays[name] for name in pairs[0])
    _check_kinds(a, tau, matlab)
    layouts = [_of_sionna(*each) for each in (_toolbox if "pathGains" in pairs[0] else _whole)(a, tau, matlab)]
    fitting = [each for each in layouts if each]
    given = " and ".join(f"{name} {list(arrays[name].shape)}" for name in pairs[0])
    if not fitting:
        raise _wrong(LAYOUTS, given + _advice(a, tau))
    if len({each.shape[2:] for each, _ in fitting}) > 1:
        raise _wrong("axes that one layout has", f"{given}, which two have; write all seven of Sionna's axes")
    starts, first = arrays.get("start_seconds"), arrays.get("first_seconds")
    fitting.sort(key=lambda each: starts is not None and starts.size != len(each[0]))
    a, tau = _checked(*fitting[0])
    return Responses(
        *(a, tau, _step(arrays, a.shape[4]), None if starts is None else _times(starts, len(a), "start_seconds")),
        *(0.0 if first is None else float(_times(first, 1, "first_seconds")[0]), found.digest),
    )


def _read(path: str) -> tuple[npz.Npz, bool]:
    """The arrays there are, and whether the file is MATLAB's."""
    if not _is_file(path):
        raise _wrong("a .npz or .mat file of impulse responses", f"{path!r}, which is none")
    try:
        matlab = _matlab.is_matlab(path)
        return (_matlab.read if matlab else npz.read)(path, NAMES), matlab
    except _matlab.FAULTS as error:
        hint = f"; {WRITERS}" if isinstance(error, BadZipFile) else ""
        raise _wrong("a .npz or .mat file of plain arrays", f"{path!r}: {npz.one_line(error)}{hint}") from None


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # a name that is too long, or that no file can have
        return False


def _whole(a: np.ndarray, tau: np.ndarray, matlab: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """With Sionna's axes, read in every way that their number allows."""
    for axes, delays in ((4, 2), (6, 3), (7, 4)):
        lacking = axes - a.ndim, delays - tau.ndim
        if lacking == (0, 0) or matlab and min(lacking) >= 0:
            each, times = (of.reshape(*of.shape, *[1] * ends) for of, ends in zip((a, tau), lacking, strict=True))
            if axes == 4:
                each, times = each.swapaxes(0, 1)[None, :, :, None], times[None]  # [1, A, K, 1, L, S], [1, K, L]
            yield (each, times) if axes == 7 else (each[None], times[None])


def _toolbox(gains: np.ndarray, delays: np.ndarray, matlab: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """MATLAB's, with Sionna's axes."""
    if gains.ndim <= 5:
        gains = gains.reshape(*gains.shape, *[1] * (5 - gains.ndim))
        if delays.size == gains.shape[1]:
            delays = np.broadcast_to(delays.ravel(), [gains.shape[4], delays.size])
        yield gains.transpose(3, 4, 2, 1, 0)[None, None], delays[None, None]


def _of_sionna(a: np.ndarray, tau: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Coefficients [B, K, A, L, S] and delays [B, K, L], where there is one receiver and one antenna a transmitter."""
    batch, receivers, _, devices, antennas, paths, _ = a.shape
    if not (a.size and receivers == antennas == 1 and tau.shape == (batch, 1, devices, paths)):
        return None
    return a[:, 0, :, :, 0].swapaxes(1, 2), tau[:, 0]


def _advice(a: np.ndarray, tau: np.ndarray) -> str:
    """What to do about Sionna's layouts that cannot serve."""
    if a.ndim in (6, 7) and tau.ndim == a.ndim - 1:
        return "; trace with synthetic_array = True, so that antennas have their delays in common"
    if a.ndim in (6, 7) and a.shape[-6] > 1 and a.shape[-4] == 1:
        return "; devices are the transmitters here: take Paths.cir(reverse_direction=True)"
    return ""


def _check_kinds(a: np.ndarray, tau: np.ndarray, matlab: bool) -> None:
    told = np.iscomplexobj(a) or matlab and a.dtype.kind == "f"  # MATLAB drops imaginary parts that are 0
    if not (told and np.issubdtype(tau.dtype, np.floating)):
        hint = '; take Paths.cir(out_type="numpy")' if a.dtype.kind == "f" else ""
        raise _wrong("complex a and real tau", f"{a.dtype} and {tau.dtype}{hint}")


def _checked(a: np.ndarray, tau: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In double precision; delays of silent paths say nothing."""
    a = a.astype(np.complex128)
    tau = np.where(np.any(a != 0, axis=(2, 4)), tau, 0.0).astype(np.float64)
    for name, value in (("a", a), ("tau", tau)):
        if not np.isfinite(value).all():
            raise _wrong(f"finite numbers in {name}", "NaN or infinity")
    if tau.min() < 0:
        raise _wrong("delays of at least 0 s", f"{tau.min():.4g}")
    if tau.max() > LONGEST:
        raise _wrong(f"delays of at most {LONGEST:g} s", f"{tau.max():.4g}")
    if not np.any(a):
        raise _wrong("some gain", "a that is 0 everywhere")
    return a, tau


def _step(arrays: dict[str, np.ndarray], steps: int) -> float:
    """Seconds between steps; 0 of a single one."""
    given, times = arrays.get("step_seconds"), arrays.get("sampleTimes")
    if steps == 1:
        return 0.0
    if given is None and times is not None:
        apart = np.diff(_times(times, steps, "sampleTimes"))
        if not (0 < apart.mean() <= LONGEST and np.ptp(apart) <= EVEN * apart.mean()):
            raise _wrong("sampleTimes that rise evenly", f"steps of {apart.min():.4g} to {apart.max():.4g} s")
        return float(apart.mean())
    if given is None or given.size != 1 or given.dtype.kind not in "fiu" or not 0 < float(given.item()) <= LONGEST:
        came = "none" if given is None else given.ravel()[:3].tolist()
        came = came[0] if isinstance(came, list) and len(came) == 1 else came
        raise _wrong(f"step_seconds, one positive number, for {steps} steps", came)
    return float(given.item())


def _times(given: np.ndarray, count: int, name: str) -> np.ndarray:
    """So many finite numbers of seconds."""
    if given.size != count or given.dtype.kind not in "fiu" or not np.isfinite(given).all():
        raise _wrong(f"{name}, {count} finite number(s) of seconds", f"{list(given.shape)} of {given.dtype}")
    return given.ravel().astype(np.float64)


def _wrong(expected: str, received: object) -> ValueError:
    return ValueError(f"cir_file.path: expected {expected}, received {received}")


__all__ = ["Responses", "read"]
