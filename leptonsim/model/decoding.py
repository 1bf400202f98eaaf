"""A language model as a prompt and decode steps: the same source read at other lengths.

Built-in models have parameters for both lengths (``seq`` and ``past``). A file has them as open dimensions: the
sequence is the second axis of ``input_ids``, the cache the third axis of the inputs that begin with ``past``, and a
mask, where there is one, is as long as both together. A file that cannot be read with an empty cache takes the first
token of the prompt as being in it already.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from leptonsim.errors import LeptonError
from leptonsim.model.loading import Model, load_model
from leptonsim.model.source import Source, open_source


class Decoder(ABC):
    """One language model: ``prefill`` reads the prompt, ``step`` makes one token after ``past`` others."""

    def __init__(self, name: str, prompt: int) -> None:
        if prompt < 1:
            raise LeptonError(f"{name}: a prompt of {prompt} tokens; at least one is needed")
        self.name, self.prompt = name, prompt

    @abstractmethod
    def prefill(self) -> Model:
        """The run over the prompt."""

    @abstractmethod
    def step(self, past: int) -> Model:
        """The run over one token with ``past`` positions in the cache."""


def open_decoder(source: str | Path, prompt: int | None, batch: int | None, dims: Mapping[str, int]) -> Decoder:
    """A decoder. Raises LeptonError if the source is no language model with a cache."""
    if isinstance(source, str) and source.startswith("zoo:"):
        return _BuiltIn(source, prompt, batch)
    return _File(open_source(source), prompt, batch, dims)


class _BuiltIn(Decoder):
    """A model of the zoo with parameters ``seq`` and ``past``."""

    def __init__(self, url: str, prompt: int | None, batch: int | None) -> None:
        from leptonsim.model.zoo import build_from_url, zoo_descriptions

        name, _, query = url.removeprefix("zoo:").partition("?")
        build_from_url(url.removeprefix("zoo:"))
        _, defaults = zoo_descriptions()[name]
        if not {"seq", "past"} <= set(defaults):
            raise LeptonError(f"{url}: no text can be generated: the model has no cache that grows (seq and past)")
        given = dict(item.split("=") for item in query.split("&") if item)
        if "past" in given:
            raise LeptonError(f"{url}: leave out past: the cache begins empty and grows as tokens are generated")
        told = int(given.pop("seq", defaults["seq"]))
        self._name, self._given, self._batch = name, given, batch
        super().__init__(url.removeprefix("zoo:"), told if prompt is None else prompt)

    def prefill(self) -> Model:
        """The run over the prompt."""
        return self._at(self.prompt, 0)

    def step(self, past: int) -> Model:
        """The run over one token."""
        return self._at(1, past)

    def _at(self, seq: int, past: int) -> Model:
        parameters = {**self._given, "seq": seq, "past": past}
        query = "&".join(f"{key}={value}" for key, value in parameters.items())
        return load_model(f"zoo:{self._name}?{query}", batch=self._batch)


class _File(Decoder):
    """A file with open lengths."""

    def __init__(self, source: Source, prompt: int | None, batch: int | None, dims: Mapping[str, int]) -> None:
        axes = _open_axes(source)
        self._source, self._batch = source, batch
        self._sequence, self._cache, self._both = axes
        self._dims = {name: size for name, size in dims.items() if name not in axes}
        told = dims.get(self._sequence)
        if prompt is None and told is None:
            raise LeptonError(
                f"{source.name}: how long is the prompt? bind its dimension, e.g. --bind {self._sequence}=512"
            )
        super().__init__(source.name, prompt if prompt is not None else told or 0)

    def prefill(self) -> Model:
        """The run over the prompt."""
        try:
            return self._at(self.prompt, 0)
        except LeptonError:
            if self.prompt == 1:
                raise
            return self._at(self.prompt - 1, 1)

    def step(self, past: int) -> Model:
        """The run over one token."""
        return self._at(1, past)

    def _at(self, seq: int, past: int) -> Model:
        dims = {**self._dims, self._sequence: seq, self._cache: past}
        if self._both:
            dims[self._both] = seq + past
        return Model.of(self._source, batch=self._batch, dims=dims)


def _open_axes(source: Source) -> tuple[str, str, str]:
    """Names of the open dimensions of the sequence, of the cache, and of both together ("" where there is none)."""
    shapes = {
        value.name: [dim.dim_param for dim in value.type.tensor_type.shape.dim] for value in source.parse().graph.input
    }
    ids = next((shape for name, shape in shapes.items() if "input_ids" in name and len(shape) == 2), None)
    caches = [shape for name, shape in shapes.items() if name.startswith("past") or ".past" in name]
    if ids is None or not ids[1] or not caches or any(len(shape) != 4 or not shape[2] for shape in caches):
        raise LeptonError(
            f"{source.name}: no text can be generated: that needs inputs input_ids [batch, sequence] and past... "
            "[batch, heads, length, size] whose lengths are open and named"
        )
    mask = next((shape for name, shape in shapes.items() if "mask" in name and len(shape) == 2), ["", ""])
    both = mask[1] if mask[1] not in (ids[1], caches[0][2]) else ""
    return ids[1], caches[0][2], both
