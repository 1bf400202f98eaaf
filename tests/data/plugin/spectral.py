"""An operator of one's own: its shape, and what it asks of a chip.

Spectral.Mix of domain "acme" transforms [batch, length, width] along the length (a fast Fourier transform, 5 n log2 n
operations for n points), multiplies by a weight for each frequency and width, and transforms back.
"""

import math

from leptonsim.compiler.records import vector_operator


def shape(attributes, inputs):
    """The result is like the first input."""
    x = inputs[0]
    return [(x.dtype, x.shape)]


def lower(node, graph):
    """Two transforms, half of their operations additions, half multiplications, and a multiplication in between."""
    batch, length, width = graph.tensors[node.inputs[0]].shape
    transform = batch * width * math.ceil(5 * length * math.log2(length))
    elements = batch * length * width
    return vector_operator(node, graph, {"add": transform, "mul": transform + elements})


SHAPES = {"acme::SpectralMix": shape}
LOWERINGS = {"acme::SpectralMix": lower}
