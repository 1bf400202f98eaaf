"""Old files brought to the oldest opset that is read.

ONNX's own converter rewrites operators of opsets 1 to 6 as opset 7 has them (broadcasting without attributes, bounds
and ratios where they are today). Node names and shapes stay, and no weight is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.errors import LeptonError

if TYPE_CHECKING:
    import onnx

OLDEST = 7
"""The first opset whose operators are lowered as they are."""


def modernised(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same model at opset 7 where it is older, else the model itself.

    Raises:
        LeptonError: an operator has no counterpart there.
    """
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if not versions or versions[0] >= OLDEST:
        return model
    from onnx import version_converter

    try:
        return version_converter.convert_version(model, OLDEST)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise LeptonError(
            f"opset {versions[0]} is older than {OLDEST}, and ONNX's converter cannot bring it there ({reason}); "
            "export the model again at a newer opset"
        ) from error
