"""Split inference: a network cut at a layer, the first part on the device and the rest at the server.

A cut is a layer whose one output is all that the rest of the network needs: model(x) = server(device(x)). "input" is
the cut before the first layer, where everything is at the server; at the last layer everything is on the device. Where
a second tensor passes by the layer, as in a residual branch, there is no cut. Kang et al., "Neurosurgeon:
collaborative intelligence between the cloud and mobile edge", ASPLOS 2017; Eshratifar, Abrishami, Pedram, "JointDNN:
an efficient training and inference engine for intelligent mobile cloud computing services", IEEE TMC 2021.
"""

from collections import Counter
from typing import Any, NamedTuple

import keras

INPUT = "input"
SUGGESTED = 6  # places named where a cut is refused


class _Call(NamedTuple):
    """A layer at work: what it was called with, and what came out."""

    layer: Any
    taken: list[Any]
    made: list[Any]

    @property
    def is_input(self) -> bool:
        return isinstance(self.layer, keras.layers.InputLayer)


def cuts(model: keras.Model) -> tuple[str, ...]:
    """Where the network can be cut: "input", if it has but one, and names of layers, as data pass them."""
    calls = _calls(model)
    names = [call.layer.name for call in calls if not call.is_input and not _why_not(model, calls, call)]
    return (INPUT, *names) if len(model.inputs) == 1 else tuple(names)


def cut(model: keras.Model, layer_name: str) -> tuple[keras.Model, keras.Model]:
    """The parts before and behind the output of a layer, which share the weights of the network."""
    calls = _calls(model)
    if layer_name == INPUT and len(model.inputs) == 1:
        return _nothing(model.inputs[0]), model
    found = [call for call in calls if call.layer.name == layer_name]
    if not found:
        raise _refused(model, layer_name, "which is no layer of this network")
    if found[0].is_input and len(model.inputs) == 1:
        return _nothing(model.inputs[0]), model
    if reason := _why_not(model, calls, found[0]):
        raise _refused(model, layer_name, reason)
    (tensor,) = found[0].made
    if tensor is model.outputs[0]:
        return model, _nothing(tensor)
    graph = getattr(model, "_functional", None) or model  # a Sequential holds one
    return keras.Model(graph._inputs_struct, tensor), keras.Model(tensor, graph._outputs_struct)


def _calls(model: keras.Model) -> list[_Call]:
    """All calls on the way from inputs to outputs, each behind those it needs."""
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        came = f"{type(model).__name__} {getattr(model, 'name', '')!r}"
        raise ValueError(
            f"cut: expected a Keras Sequential or functional model of known input shape, received {came}; "
            "give its Sequential a keras.Input, or rebuild it from inputs and outputs"
        )
    calls: list[_Call] = []
    seen: set[tuple[int, int]] = set()
    waiting = [(tensor, False) for tensor in reversed(model.outputs)]
    while waiting:
        tensor, ready = waiting.pop()
        layer, place, _ = tensor._keras_history
        node = layer._inbound_nodes[place]
        if ready:
            calls.append(_Call(layer, list(node.input_tensors), list(node.output_tensors)))
        elif (id(layer), place) not in seen:
            seen.add((id(layer), place))
            waiting.append((tensor, True))
            if not any(tensor is given for given in model.inputs):
                waiting += [(taken, False) for taken in reversed(node.input_tensors)]
    return calls


def _why_not(model: keras.Model, calls: list[_Call], wanted: _Call) -> str:
    """Why the network cannot be cut behind a call, in words; empty where it can."""
    name = wanted.layer.name
    if name == INPUT:
        return "which is what the cut before the first layer is called"
    if Counter(call.layer.name for call in calls)[name] > 1:
        return "which data pass more than once"
    if len(wanted.made) > 1:
        return f"which makes {len(wanted.made)} tensors"
    passing = _passing(model, calls, wanted)
    beside = sorted({each for each in passing if each != name})
    return f"past which the output of {' and of '.join(beside)} goes too" if beside else ""


def _passing(model: keras.Model, calls: list[_Call], wanted: _Call) -> list[str]:
    """The layers on the device's side whose outputs the server's side takes."""
    maker = {id(tensor): call for call in calls for tensor in call.made}
    device = {id(call) for call in _before(maker, wanted.made)} | {id(call) for call in calls if call.is_input}
    server = _before(maker, model.outputs, device)
    needed = [tensor for call in server for tensor in call.taken] + list(model.outputs)
    return [maker[id(tensor)].layer.name for tensor in needed if id(maker[id(tensor)]) in device]


def _before(maker: dict[int, _Call], tensors: list[Any], stop: Any = ()) -> list[_Call]:
    """The calls that tensors come from, but for those where to stop and what only these need."""
    found: dict[int, _Call] = {}
    waiting = list(tensors)
    while waiting:
        call = maker[id(waiting.pop())]
        if id(call) not in found and id(call) not in stop:
            found[id(call)] = call
            waiting += call.taken
    return list(found.values())


def _nothing(like: Any) -> keras.Model:
    """A network that hands on what it gets."""
    x = keras.Input(batch_shape=like.shape, dtype=like.dtype)
    return keras.Model(x, keras.layers.Identity()(x))


def _refused(model: keras.Model, name: str, reason: str) -> ValueError:
    names, order = cuts(model), [call.layer.name for call in _calls(model)]
    at = order.index(name) if name in order else 0
    near = sorted(names, key=lambda each: abs(order.index(each) - at) if each in order else at + 1)[:SUGGESTED]
    chosen = ", ".join(each for each in names if each in near) or "no layer, as this network has no place for it"
    return ValueError(f"cut: expected a layer whose output alone goes on, received {name!r}, {reason}; take {chosen}")
