"""DLRM: a recommender of embedding tables, two MLPs and the products of all pairs of features.

Naumov et al., Deep Learning Recommendation Model for Personalization and Recommendation Systems, 2019, section 4: the
model for the Criteo Kaggle data. Thirteen numbers go through the bottom MLP 512-256-64-16, 26 categories through tables
of width 16 (one index each, so a table lookup is one row), the top MLP is 512-256-1. The rows of the tables are the
categories that occur in the seven days of the data set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from leptonsim.model.weightless import GraphBuilder
from leptonsim.model.zoo._layers import check, linear

if TYPE_CHECKING:
    import onnx

ROWS = (
    1460, 583, 10131227, 2202608, 305, 24, 12517, 633, 3, 93145, 5683, 8351593, 3194, 27, 14992, 5461306, 10, 5652,
    2173, 4, 7046547, 18, 15, 286181, 105, 142572,
)  # fmt: skip
NUMBERS, WIDTH = 13, 16
BOTTOM = (512, 256, 64, WIDTH)
TOP = (512, 256, 1)


def build(lookups: int = 1) -> onnx.ModelProto:
    """DLRM recommender for Criteo Kaggle, 540 M parameters; one sample is one user and item.

    ``lookups`` is the number of rows taken from each table and added up, for each sample (1 in that data set).
    """
    check("dlrm", "lookups", lookups, 1)
    g = GraphBuilder("dlrm")
    x = g.input("numbers", ("batch", NUMBERS))
    features = NUMBERS
    for number, width in enumerate(BOTTOM):
        x = g.op("Relu", [linear(g, f"bottom.{number}", x, features, width)], name=f"bottom.{number}.relu")
        features = width
    looked_up = [x]
    for number, rows in enumerate(ROWS):
        ids = g.input(f"category_{number}", ("batch", lookups), "int64")
        taken = g.op("Gather", [g.weight(f"table.{number}", (rows, WIDTH)), ids], name=f"table.{number}.lookup")
        looked_up.append(g.op("ReduceSum", [taken, g.shape(1)], name=f"table.{number}.sum", keepdims=0))
    count = len(looked_up)
    vectors = [g.op("Unsqueeze", [vector, g.shape(1)], name=f"feature.{i}") for i, vector in enumerate(looked_up)]
    together = g.op("Concat", vectors, name="features", axis=1)
    transposed = g.op("Transpose", [together], name="features.transpose", perm=[0, 2, 1])
    pairs = g.op("MatMul", [together, transposed], name="pairs")
    flat = g.op("Reshape", [pairs, g.shape(0, count * count)], name="pairs.flat")
    row, column = np.tril_indices(count, -1)
    below = g.op("Gather", [flat, g.shape(*(row * count + column))], name="pairs.below_diagonal", axis=1)
    x = g.op("Concat", [looked_up[0], below], name="interactions", axis=1)
    features = WIDTH + len(row)
    for number, width in enumerate(TOP):
        x = linear(g, f"top.{number}", x, features, width)
        if number < len(TOP) - 1:
            x = g.op("Relu", [x], name=f"top.{number}.relu")
        features = width
    click = g.op("Sigmoid", [x], name="click", output="click")
    return g.model([(click, ("batch", 1))])
