"""BERT base: the encoder with its pooler.

Devlin et al., BERT, 2018: 12 layers, width 768, 12 heads, feed-forward 3072.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.model.zoo._bert import Sizes, build_bert

if TYPE_CHECKING:
    import onnx


def build(seq: int = 128) -> onnx.ModelProto:
    """BERT-base encoder, 109.5 M parameters with embeddings and pooler, 11.2 GMAC at 128 tokens.

    ``seq`` is the number of tokens of a sample, 1 to 512.
    """
    return build_bert("bert-base", Sizes(layers=12, width=768, heads=12, feed_forward=3072), seq)
