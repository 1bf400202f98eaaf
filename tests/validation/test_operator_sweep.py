"""Every operator of ONNX's conformance cases that is read, on a chip: only views and constants are free.

One case for each operator and number of inputs and outputs. Inputs beside the first that hold integers become
constants, as axes and shapes are in real models.
"""

import warnings

import numpy as np
import onnx
from onnx import numpy_helper

from leptonsim.api import simulate
from leptonsim.chip import load_chip
from leptonsim.errors import LeptonError
from leptonsim.model import load_model

UNREAD = {
    "ImageDecoder", "RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer",
    "OptionalGetElement", "OptionalHasElement", "Range", "If", "Loop", "OneHot", "Resize", "Upsample",
    "MelWeightMatrix", "HannWindow", "HammingWindow", "BlackmanWindow", "ConstantOfShape", "Scan", "MaxUnpool",
    "Adagrad", "Adam", "Momentum", "ArrayFeatureExtractor", "Binarizer", "LabelEncoder", "TreeEnsemble",
}  # fmt: skip
"""Of these some case is refused: strings and images, training, trees, and sizes that an input holds as the data."""


def cases():
    """Name, operator, and the model with its shapes, of one case of each kind."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        found = collect_testcases(None)
    seen = set()
    for case in found:
        if case.model is None or len(case.model.graph.node) != 1:
            continue
        node = case.model.graph.node[0]
        inputs, outputs = case.data_sets[0]
        kind = (node.domain, node.op_type, len(inputs), len(outputs))
        if kind in seen or not all(isinstance(each, np.ndarray | np.generic) for each in (*inputs, *outputs)):
            continue
        if not all(np.size(each) for each in (*inputs, *outputs)):
            continue
        seen.add(kind)
        model = onnx.ModelProto()
        model.CopyFrom(case.model)
        shapes = {}
        for index, (value, given) in enumerate(zip(model.graph.input, inputs, strict=False)):
            array = np.asarray(given)
            if index and array.dtype.kind in "iub":
                model.graph.initializer.append(numpy_helper.from_array(array, value.name))
            else:
                shapes[value.name] = array.shape
        yield case.name, node.op_type, model, shapes


def test_no_operator_is_free_but_for_views_and_constants():
    chip = load_chip("lepton-e1")
    ran, refused = 0, set()
    for name, op_type, model, shapes in cases():
        try:
            read = load_model(model, shapes=shapes)
            result = simulate(chip, read)
        except LeptonError as error:
            if "nothing but rename" not in str(error):
                refused.add(op_type)
            continue
        ran += 1
        memory, dram = result.program.memory, result.bytes["dram"]
        assert all(step.end_ps > step.start_ps for step in result.steps), name
        assert sum(result.operators.values()) == len(read.graph.nodes) + read.graph.folded, name
        assert len(result.program.views) == result.operators["view"], name
        assert dram["written"] >= memory.input_bytes, name
        assert dram["read"] >= memory.output_bytes + memory.weights_read_bytes, name
        worked = [step for step in result.steps if step.engine in ("tensor", "vector")]
        assert all(step.macs or step.vector_operations for step in worked), name
    assert ran > 180
    assert refused <= UNREAD
