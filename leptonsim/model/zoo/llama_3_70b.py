"""Llama 3 70B.

The Llama 3 Herd of Models, 2024, table 3: 80 layers, width 8192, feed-forward 28,672, 64 heads on 8 key-value heads;
vocabulary, positions and the size of a head as in Llama 3 8B.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leptonsim.model.zoo._llama import Sizes, build_llama

if TYPE_CHECKING:
    import onnx

SIZES = Sizes(
    layers=80,
    width=8192,
    feed_forward=28672,
    heads=64,
    kv_heads=8,
    vocabulary=128256,
    positions=8192,
    rope_theta=500_000.0,
)


def build(seq: int = 512, past: int = 0) -> onnx.ModelProto:
    """Llama 3 70B decoder, 70.6 B parameters, 69.5 GMAC a token besides attention; logits of the last token.

    ``seq`` is the number of tokens of a sample that one run processes, ``past`` the number already in the key-value
    cache: seq=2048 is the prefill of a prompt, seq=1&past=2048 a decode step after it. Together at most 8192.
    """
    return build_llama("llama-3-70b", SIZES, seq, past)
