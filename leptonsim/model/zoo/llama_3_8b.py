"""Llama 3 8B.

The Llama 3 Herd of Models, 2024, table 3: 32 layers, width 4096, feed-forward 14,336, 32 heads on 8 key-value heads,
vocabulary 128,256 (128,000 and 256 special tokens); head of 128, 8192 positions, embeddings not tied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.model.zoo._llama import Sizes, build_llama

if TYPE_CHECKING:
    import onnx

SIZES = Sizes(
    layers=32,
    width=4096,
    feed_forward=14336,
    heads=32,
    kv_heads=8,
    vocabulary=128256,
    positions=8192,
    rope_theta=500_000.0,
)


def build(seq: int = 512, past: int = 0) -> onnx.ModelProto:
    """Llama 3 8B decoder, 8.03 B parameters, 7.50 GMAC a token besides attention; logits of the last token.

    ``seq`` is the number of tokens of a sample that one run processes, ``past`` the number already in the key-value
    cache: seq=2048 is the prefill of a prompt, seq=1&past=2048 a decode step after it. Together at most 8192.
    """
    return build_llama("llama-3-8b", SIZES, seq, past)
