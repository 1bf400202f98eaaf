"""Vector operations of operators, held against a second count: of the primitive operators that ONNX defines them by.

ONNX gives many operators a body of simpler ones (``onnx.defs``); of others the documentation gives a formula, written
below in ONNX's text form. A body is expanded until only primitives are left, run by ``onnx.reference``, and what every
primitive does is counted from the actual sizes of its operands, by rules that are written here and nowhere else:

- what depends on constants and shapes only is computed beforehand; views and moves are no vector operations;
- a comparison of which nothing but a selection reads the result is that selection's; a factor of one costs nothing;
- a division by a constant is a multiplication; in a normalisation, one by the row's deviation is a reciprocal for the
  row and a multiplication for each element (softmax divides each element);
- conversions between floating-point types inside a body cost nothing: the vector unit works at one precision.

What is counted otherwise on purpose is stated beside the test, as an exact difference.
"""

import collections
import math
import warnings
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import defs, helper, inliner, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from leptonsim.compiler.lowering import lower
from leptonsim.model import load_model

MOVES = {
    "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Concat", "Split", "Expand", "Tile",
    "Gather", "Shape", "Size", "Constant", "ConstantOfShape", "Range", "CastLike", "Pad",
}  # fmt: skip
COMPARISONS = {"Equal", "Less", "Greater", "IsNaN"}
SIMPLE = COMPARISONS | {"Add", "Sub", "Neg", "Abs", "Where", "Not", "And", "Or", "Floor", "Ceil", "Round", "Relu"}
TRANSCENDENTAL = {"Exp", "Log", "Erf", "Tanh", "Sin", "Cos", "Sigmoid"}
POWERS = {2.0: ("mul", 1), 3.0: ("mul", 2), 0.5: ("div", 1), -1.0: ("div", 1)}
OTHERS = {
    "Mul", "Div", "Sqrt", "Reciprocal", "Pow", "Cast", "MatMul", "Mod", "Max", "Min", "Sum", "Conv", "QuantizeLinear",
    "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ArgMax", "Clip",
}  # fmt: skip
PRIMITIVES = MOVES | SIMPLE | TRANSCENDENTAL | OTHERS
BY_RECIPROCAL = {"LayerNormalization", "RMSNormalization", "MeanVarianceNormalization", "GroupNormalization"}
BY_RECIPROCAL |= {"InstanceNormalization", "LpNormalization"}


def schema_of(node, opsets):
    try:
        return defs.get_schema(node.op_type, opsets.get(node.domain, 1), node.domain)
    except defs.SchemaError:
        return None


def has_body(node, opsets):
    schema = schema_of(node, opsets)
    return schema is not None and (schema.has_function or schema.has_context_dependent_function)


def expanded(model):
    """The same model of primitives only, or None where ONNX's inliner cannot make one."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    (node,) = model.graph.node
    present = {attribute.name for attribute in node.attribute}
    declared = schema_of(node, opsets).attributes.items()
    node.attribute.extend(a.default_value for name, a in declared if name not in present and a.default_value.name)
    for _ in range(6):
        left = {(n.domain, n.op_type) for n in model.graph.node if n.op_type not in PRIMITIVES}
        if not left:
            return model
        try:
            model = inliner.inline_selected_functions(
                shape_inference.infer_shapes(model), list(left), inline_schema_functions=True
            )
        except RuntimeError:
            return None
    return None


def second_count(model, op_type, feeds):
    """Operations by class of a graph of primitives, from the sizes of the values that it computes."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    outputs = {output.name for output in graph.output}
    inner = [name for node in graph.node for name in node.output if name and name not in outputs]
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in inner)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = ReferenceEvaluator(model).run(None, feeds)
    values = dict(zip([output.name for output in graph.output], found, strict=True)) | feeds
    values |= {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    constants = {tensor.name for tensor in graph.initializer}
    users = collections.defaultdict(list)
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    count = collections.Counter()
    for node in graph.node:
        names = [name for name in node.input if name]
        if (
            all(name in constants for name in names)
            or node.op_type in ("Shape", "Size")
            or (node.op_type == "CastLike" and names[0] in constants)
        ):
            constants.update(node.output)
            continue
        read_by = users[node.output[0]]
        if node.op_type in COMPARISONS and read_by and all(each.op_type == "Where" for each in read_by):
            continue
        count.update(primitive(node, names, values, constants, op_type))
    return count


def primitive(node, names, values, constants, op_type):
    """Operations by class of one primitive."""
    size, first = np.size(values[node.output[0]]), np.size(values[names[0]])
    kind = node.op_type
    if kind in MOVES:
        return {}
    if kind == "Cast":
        return {} if all("float" in str(values[name].dtype) for name in (names[0], node.output[0])) else {"add": size}
    if kind in SIMPLE:
        return {"add": size}
    if kind in TRANSCENDENTAL:
        return {"exp": size}
    if kind in ("Sum", "Max", "Min", "Clip"):
        return {"add": size * (len(names) - 1)}
    if kind == "Mul":
        return {"mul": 0 if any(name in constants and (values[name] == 1).all() for name in names) else size}
    if kind == "Div":
        divisors = np.size(values[names[1]])
        if names[1] in constants:
            return {"mul": 0 if (values[names[1]] == 1).all() else size}
        return {"div": divisors, "mul": size} if op_type in BY_RECIPROCAL else {"div": size}
    if kind in ("Sqrt", "Reciprocal"):
        return {"div": size}
    if kind == "Pow":
        power = values[names[1]]
        known = names[1] in constants and np.size(power) == 1
        function, times = POWERS.get(float(np.reshape(power, -1)[0]), ("exp", 1)) if known else ("exp", 1)
        return {function: times * size}
    if kind in ("ReduceSum", "ReduceMax", "ReduceMin"):
        return {"reduce": first}
    if kind == "ReduceMean":
        return {"reduce": first, "mul": size}
    if kind == "ArgMax":
        return {"reduce": first, "add": first}
    if kind == "QuantizeLinear":
        # the reciprocal of the scale, rounding, the zero point, two bounds and the conversion
        return {"div": np.size(values[names[1]]), "mul": size, "add": 5 * size}
    if kind == "MatMul":
        return {"macs": size * np.shape(values[names[0]])[-1]}
    assert kind == "Conv", f"no rule for {kind}"
    return {"macs": size * math.prod(np.shape(values[names[1]])[1:]), "add": size * (len(names) > 2)}


def first_count(model, arrays):
    """Operations by class as the simulator counts them, before any pass."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    shapes = {}
    for index, (value, array) in enumerate(zip(model.graph.input, arrays, strict=True)):
        if index and array.dtype.kind in "iub":
            model.graph.initializer.append(numpy_helper.from_array(array, value.name))
        else:
            shapes[value.name] = array.shape
    count = collections.Counter()
    for operator in lower(load_model(model, shapes=shapes).graph, {}):
        count.update({"macs": operator.macs, **operator.vector})
    return +count


def model_with(op_type, attributes, arrays, opset):
    """A model of one node over float (or int64) inputs."""
    names = "abcdef"[: len(arrays)]
    node = helper.make_node(op_type, list(names), ["y"], **attributes)
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(each.dtype), each.shape)
        for name, each in zip(names, arrays, strict=True)
    ]
    result = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "one", inputs, [result])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


@pytest.fixture(scope="session")
def counts():
    """The two counts, and what is needed for them."""
    return SimpleNamespace(
        first=first_count, second=second_count, expanded=expanded, has_body=has_body, model_with=model_with
    )


@pytest.fixture(scope="session")
def cases():
    """ONNX's conformance cases of operators with a body: their name, model and inputs."""
    kept = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        found = collect_testcases(None)
    for case in found:
        if case.model is None or len(case.model.graph.node) != 1:
            continue
        opsets = {entry.domain: entry.version for entry in case.model.opset_import}
        if not has_body(case.model.graph.node[0], opsets):
            continue
        inputs = case.data_sets[0][0]
        if all(isinstance(each, np.ndarray | np.generic) and np.size(each) for each in inputs):
            kept.append((case.name, case.model, [np.asarray(each) for each in inputs]))
    return kept
