"""What a state is made of: how its tensors are nested, of which types and shapes, so that another's is told apart."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..phy.inputs import kind


def forms(state: NamedTuple) -> dict[str, str]:
    """Of each part by name, how its tensors are nested and which types and shapes they have.

    >>> import tensorflow as tf
    >>> from overair.ota.forms import forms
    >>> from overair.phy import Place
    >>> forms(Place(tf.zeros([2], tf.int64)))
    {'key': 'int64[2]'}
    """
    return {name: _form(part) for name, part in zip(state._fields, state, strict=True)}


def check_forms(state: NamedTuple, wanted: Mapping[str, str], whose: Mapping[str, object]) -> None:
    """Raise ValueError where parts have other forms than wanted, by the name of whose they are."""
    for name, found in forms(state).items():
        if found != wanted[name]:
            source = whose.get(name)
            told = f" with {type(source).__name__}" if source is not None else ""
            raise ValueError(
                f"state.{name}: expected {wanted[name]}, as here{told}, received {found}, of another one; "
                "take a state that init or step of this one returned"
            )


def _form(part: Any) -> str:
    if hasattr(part, "shape"):
        return f"{part.dtype.name}{list(part.shape)}"
    if not isinstance(part, list | tuple):
        return kind(part)
    name = type(part).__name__ if hasattr(part, "_fields") else ""
    return f"{name}({', '.join(map(_form, part))})"


__all__ = ["check_forms", "forms"]
