"""Where a model comes from: a file, the zoo, a single operator, or a protobuf message in memory.

Whatever it is, it ends as a serialised ONNX model without weights, small enough to be kept, pickled and parsed again.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError
from leptonsim.model.opsets import modernised
from leptonsim.model.protos import load_small_external, strip_weights
from leptonsim.model.soundness import check_sound

if TYPE_CHECKING:
    import onnx

SINGLE = ("gemm", "conv")
SCHEMES = ("zoo", *SINGLE)
"""What a name may begin with, before a colon; anything else is a path."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model as it was given: its name, and its serialised form without weights.

    ``batch`` is the one that its name asks for. A built-in model keeps its ``url``: some have another graph at another
    batch.
    """

    name: str
    serialised: bytes
    batch: int | None = None
    url: str = ""

    def at_batch(self, batch: int | None) -> Source:
        """The source of the same model at another batch."""
        if not self.url or batch is None:
            return self
        from leptonsim.model.zoo import build_from_url

        built = _prepared(self.name, build_from_url(self.url, batch), None)
        return replace(built, batch=batch, url=self.url)

    def parse(self) -> onnx.ModelProto:
        """The protobuf message."""
        import onnx

        model = onnx.ModelProto()
        model.ParseFromString(self.serialised)
        return model


def open_source(source: str | Path | onnx.ModelProto) -> Source:
    """Find and read a model; LeptonError tells what is wrong with the file or the name."""
    if isinstance(source, str):
        scheme, _, rest = source.partition(":")
        if scheme == "zoo":
            from leptonsim.model.zoo import batch_of_url, build_from_url, depends_on_batch

            built = _prepared(rest, build_from_url(rest), None)
            return replace(built, batch=batch_of_url(rest), url=rest if depends_on_batch(rest) else "")
        if scheme in SINGLE:
            from leptonsim.model.single import build_single

            return _prepared(source, build_single(scheme, rest), None)
        if rest and not Path(source).exists() and (near := difflib.get_close_matches(scheme, SCHEMES, n=1)):
            raise LeptonError(f"{source}: no such file; did you mean {near[0]}:{rest}?")
        return _from_file(Path(source), source)
    if isinstance(source, Path):
        return _from_file(source, str(source))
    import onnx

    if not isinstance(source, onnx.ModelProto):
        raise LeptonError(
            f"a model is a path, a name such as zoo:resnet50, or an onnx.ModelProto, not {type(source).__name__}"
        )
    copied = onnx.ModelProto()
    copied.CopyFrom(source)
    return _prepared(source.graph.name or "model", copied, None)


def _from_file(path: Path, told: str) -> Source:
    import onnx

    data = _read(path, told)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except Exception as error:
        raise LeptonError(f"{told}: {_why_not_onnx(data)}") from error
    if not model.HasField("graph"):
        raise LeptonError(f"{told}: {_why_not_onnx(data)}")
    if not model.graph.output:
        raise LeptonError(f"{told}: its graph has no outputs; the file is truncated or no ONNX model")
    return _prepared(path.stem, model, path.parent)


def _read(path: Path, told: str) -> bytes:
    if path.is_dir():
        found = sorted(file.name for file in path.glob("*.onnx"))
        inside = f"; it holds {', '.join(found[:5])}" if found else ""
        raise LeptonError(f"{told}: is a directory, not an ONNX file{inside}")
    if not path.exists():
        raise LeptonError(f"{told}: no such file{_suggestion(path, told)}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LeptonError(f"{told}: cannot be read: {error.strerror or error}") from error
    if not data:
        raise LeptonError(f"{told}: is empty")
    return data


def _suggestion(path: Path, told: str) -> str:
    from leptonsim.model.zoo import zoo_names

    if told in zoo_names():
        return f"; the built-in model is called zoo:{told}"
    beside = sorted(file.name for file in path.parent.glob("*.onnx")) if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, beside, n=1)
    if close:
        return f"; did you mean {path.parent / close[0]}?"
    near = difflib.get_close_matches(told, zoo_names(), n=1)
    if near and not path.suffix:
        return f"; did you mean zoo:{near[0]}?"
    return ""


def _why_not_onnx(data: bytes) -> str:
    head = data[:64].lstrip()
    if data[:2] == b"PK":
        return "is a ZIP archive (a PyTorch checkpoint?), not an ONNX model; export it with torch.onnx.export"
    if data[:8] == b"\x89HDF\r\n\x1a\n":
        return "is an HDF5 file (Keras?), not an ONNX model; convert it with tf2onnx"
    if data[4:8] == b"TFL3":
        return "is a TensorFlow Lite file, not an ONNX model; convert it with tf2onnx"
    if data[4:8] == b"ORTM":
        return "is in ONNX Runtime's own format, not ONNX; give the .onnx file from which it was made"
    if head.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the model itself; fetch it with 'git lfs pull'"
    if b"\0" not in data[:4096] and all(byte >= 9 for byte in data[:4096]):
        return "is a text file, not an ONNX model"
    return "is truncated or no ONNX model"


def _prepared(name: str, model: onnx.ModelProto, folder: Path | None) -> Source:
    try:
        check_sound(model)
        if folder is not None:
            load_small_external(model, folder)
        strip_weights(model)
    except LeptonError as error:
        raise LeptonError(f"{name}: {error}") from error
    if model.functions:
        from onnx import inliner

        try:
            model = inliner.inline_local_functions(model)
        except Exception as error:
            raise LeptonError(f"{name}: its functions cannot be inlined: {' '.join(str(error).split())}") from error
    try:
        model = modernised(model)
    except LeptonError as error:
        raise LeptonError(f"{name}: {error}") from error
    del model.graph.value_info[:]
    return Source(name, model.SerializeToString(deterministic=True))
