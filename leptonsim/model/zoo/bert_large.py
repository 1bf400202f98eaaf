"""BERT large: the wider and deeper of the two encoders.

Devlin et al., BERT, 2018: 24 layers, width 1024, 16 heads, feed-forward 4096.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.model.zoo._bert import Sizes, build_bert

if TYPE_CHECKING:
    import onnx


def build(seq: int = 128) -> onnx.ModelProto:
    """BERT large uncased encoder with pooler, 335 M parameters, 39.5 GMAC at 128 tokens.

    ``seq`` is the number of tokens of a sample, at most 512.
    """
    return build_bert("bert-large", Sizes(layers=24, width=1024, heads=16, feed_forward=4096), seq)
