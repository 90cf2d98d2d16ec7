"""The contestants of ``jscc.py`` in Kaira (PyTorch), one command for each line on standard input; its own Python.

Two models of ``DeepJSCCModel``: ``own``, Kaira's Bourtsoulatze2019 encoder and decoder as they are, where each PReLU
has one slope for all its channels; and ``paper``, the same with a slope for every channel, as published. Both get the
weights of the Keras network in the file named, turned by half a turn, and so are the images: a convolution of stride 2
pads two pixels before and one after here, and one before and two after in Keras, which is the same once all is turned.

    check MODEL         losses of three Adam steps under the noise in the file
    train MODEL STEPS   seconds of so many steps
    infer MODEL STEPS   seconds of so many batches passed, without gradients
    threads NUMBER      how many threads PyTorch uses from now on
"""

import sys
import time
from collections.abc import Iterator

import kaira
import numpy as np
import torch
from kaira.channels import AWGNChannel
from kaira.constraints import AveragePowerConstraint
from kaira.models import DeepJSCCModel
from kaira.models.image import Bourtsoulatze2019DeepJSCCDecoder, Bourtsoulatze2019DeepJSCCEncoder
from torch import nn


def turned(array: np.ndarray, *axes: int) -> torch.Tensor:
    """Two leading axes of space turned by half a turn, then all axes put in this order."""
    return torch.from_numpy(np.ascontiguousarray(array[::-1, ::-1].transpose(axes)))


def build(channels: int, noise_power: float, slopes: bool, weights: Iterator[np.ndarray]) -> DeepJSCCModel:
    model = DeepJSCCModel(
        Bourtsoulatze2019DeepJSCCEncoder(channels),
        AveragePowerConstraint(0.5),  # a real number of a complex symbol of energy 1
        AWGNChannel(avg_noise_power=noise_power / 2),
        Bourtsoulatze2019DeepJSCCDecoder(channels),
    )
    with torch.no_grad():
        for part in (*model.encoder.model, *model.decoder.model):
            layer = part.conv if hasattr(part, "conv") else part.transconv
            layer.weight.copy_(turned(next(weights), 3, 2, 0, 1))  # [5, 5, in, out]; transposed ones [5, 5, out, in]
            layer.bias.copy_(torch.from_numpy(next(weights)))
            name = "prelu" if hasattr(part, "prelu") else "activate"
            if isinstance(getattr(part, name), nn.PReLU):
                slope = torch.from_numpy(next(weights).ravel().copy())
                if slopes:
                    setattr(part, name, nn.PReLU(len(slope)))
                getattr(part, name).weight.copy_(slope if slopes else slope[:1])
    return model


class Contestant:
    """A model and its optimizer, with Keras's epsilon."""

    def __init__(self, model: DeepJSCCModel, images: torch.Tensor) -> None:
        self._model, self._images = model, images
        self._optimizer = torch.optim.Adam(model.parameters(), 1e-3, eps=1e-7)

    def step(self, **channel: torch.Tensor) -> torch.Tensor:
        self._optimizer.zero_grad()
        symbols = self._model.constraint(self._model.encoder(self._images))
        loss = nn.functional.mse_loss(self._model.decoder(self._model.channel(symbols, **channel)), self._images)
        loss.backward()
        self._optimizer.step()
        return loss.detach()

    def train(self, steps: int) -> float:
        start = time.perf_counter()
        for _ in range(steps):
            loss = self.step()
        loss.item()
        return time.perf_counter() - start

    def infer(self, steps: int) -> float:
        start = time.perf_counter()
        with torch.no_grad():
            for _ in range(steps):
                received = self._model(self._images)
        received[0, 0, 0, 0].item()
        return time.perf_counter() - start


def main(path: str) -> None:
    with np.load(path, allow_pickle=False) as file:
        weights = [file[f"weight{place}"] for place in range(int(file["weights"]))]
        images = torch.from_numpy(np.ascontiguousarray(file["images"][:, ::-1, ::-1].transpose(0, 3, 1, 2)))
        noise = torch.from_numpy(np.ascontiguousarray(file["noise"][:, ::-1, ::-1].transpose(0, 3, 1, 2)))
        channels, noise_power = noise.shape[1], float(file["noise_power"])

    def fresh(name: str) -> Contestant:
        return Contestant(build(channels, noise_power, name == "paper", iter(weights)), images)

    contestants = {name: fresh(name) for name in ("own", "paper")}
    print(f"Kaira {kaira.__version__}, PyTorch {torch.__version__}", flush=True)
    for line in sys.stdin:
        command, name, *steps = line.split()
        if command == "threads":
            torch.set_num_threads(int(name))
            print(name, flush=True)
        elif command == "check":
            checked = fresh(name)
            print(*(float(checked.step(noise=noise)) for _ in range(3)), flush=True)
        else:
            print(getattr(contestants[name], command)(int(steps[0])), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
