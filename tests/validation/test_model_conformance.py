"""Shapes against ONNX's own conformance cases: about 1,600 single operators with the outputs that their specification
asks for.

Every input but the first becomes a constant, as axes, shapes and scales are in real models. Where the data decide how
many results there are, that number is told. What is refused must be a
shape that truly depends on the data, or something outside of what the reader reads (strings, sequences, opset 1).
"""

import warnings

import numpy as np
import onnx
from onnx import numpy_helper

from leptonsim.errors import LeptonError
from leptonsim.model import load_model

REFUSED = {
    "affine",
    "compress",
    "if",
    "image",
    "loop11",
    "maxunpool",
    "melweightmatrix",
    "nonmaxsuppression",
    "nonzero",
    "not",
    "optional",
    "range",
    "reshape",
    "scan",
    "split",
    "string",
    "strnormalizer",
    "triu",
    "unique",
}
"""First words of the cases of which some are refused: data-dependent, or with a first dimension of 0."""


def cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return [case for case in collect_testcases(None) if case.model is not None]


def results_in(case, outputs):
    """How many results there are of an operator that the data make more or fewer."""
    (node,) = case.model.graph.node
    if node.op_type == "NonZero":
        return outputs[0].shape[1]
    axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
    return outputs[0].shape[axis]


def test_every_operator_that_is_read_has_the_shape_of_its_conformance_case():
    right, refused, wrong = 0, set(), []
    for case in cases():
        inputs, outputs = case.data_sets[0]
        if not all(isinstance(value, np.ndarray | np.generic) for value in (*inputs, *outputs)):
            continue
        model = onnx.ModelProto()
        model.CopyFrom(case.model)
        constants = [
            index for index in range(len(inputs)) if index > 0 or (inputs[0].dtype.kind in "iu" and len(inputs) == 1)
        ]
        shapes = {value.name: given.shape for value, given in zip(model.graph.input, inputs, strict=False)}
        for index in constants:
            if inputs[index].dtype.kind != "O":
                name = model.graph.input[index].name
                model.graph.initializer.append(numpy_helper.from_array(np.asarray(inputs[index]), name))
                del shapes[name]
        try:
            graph = load_model(model, shapes=shapes).graph
            if graph.largest:
                told = {graph.outputs[0]: results_in(case, outputs)}
                assert told[graph.outputs[0]] <= graph.largest[graph.outputs[0]]
                graph = load_model(model, shapes=shapes, dims=told).graph
        except LeptonError:
            refused.add(case.name.split("_")[1])
            continue
        found = [graph.tensors[name].shape for name in graph.outputs]
        if found == [output.shape for output in outputs]:
            right += 1
        else:
            wrong.append((case.name, found))
    assert wrong == []
    assert right > 1500
    assert refused <= REFUSED
