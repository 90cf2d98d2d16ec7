"""The 24 Kodak photographs, 768 x 512 and 512 x 768: read from $OVERAIR_DATA/kodak, never downloaded."""

import numpy as np

from ...npz import FAULTS, one_line
from ..data.files import local_file, local_folder, looked

COUNT = 24
PIXELS = 2**24  # of a photograph, at most
REMEDY = "put kodim01.png to kodim24.png of https://r0k.us/graphics/kodak in the folder kodak that OVERAIR_DATA names"


def kodak() -> list[np.ndarray]:
    """The photographs by size: two arrays [N, H, W, 3] in [0, 1]."""
    from PIL import Image

    folder = local_folder("kodak")
    if folder is None:
        raise ValueError(f"test: expected the {COUNT} photographs of Kodak, received none: {looked('kodak')}; {REMEDY}")
    by_size: dict[tuple[int, ...], list[np.ndarray]] = {}
    for number in range(1, COUNT + 1):
        path = local_file(folder, f"kodim{number:02d}.png", REMEDY)
        try:
            with Image.open(path, formats=["PNG"]) as file:
                if file.width * file.height > PIXELS:
                    raise ValueError(f"{file.width} x {file.height} pixels where there are {PIXELS} at most")
                pixels = np.asarray(file.convert("RGB"), np.float32) / 255
        except (*FAULTS, Image.DecompressionBombError) as error:
            fault = one_line(error)
            raise ValueError(f"{path}: expected a whole PNG file, received a fault: {fault}; {REMEDY}") from None
        by_size.setdefault(pixels.shape, []).append(pixels)
    return [np.stack(alike) for alike in by_size.values()]
