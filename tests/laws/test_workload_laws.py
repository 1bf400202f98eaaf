"""Laws of the chip-independent compiler, on random graphs of what passes look for and of what they must leave."""

from hypothesis import given, settings
from hypothesis import strategies as st

from leptonsim.compiler.draft import Draft
from leptonsim.compiler.lowering import lower
from leptonsim.compiler.workload import workload
from leptonsim.model.graph import Graph, Node, Tensor

SIDE = 6
SQUARE = (2, SIDE, SIDE)
SCALAR, CHANNELS, MATRIX = "half", "row", "matrix"

UNARY = ["Relu", "Sigmoid", "Tanh", "Erf", "Exp", "Sqrt", "Identity", "Softmax", "Transpose", "Reshape", "Neg"]
BINARY = ["Add", "Mul", "Sub", "Div", "MatMul", "Where"]
BY_CONSTANT = ["Mul", "Add", "Div", "MatMul"]


def constants():
    values = {SCALAR: (), CHANNELS: (SIDE,), MATRIX: (SIDE, SIDE), "shape": (3,), "mask": SQUARE}
    return {name: Tensor(name, shape, "float", "weight") for name, shape in values.items()}


def node(name, choice, tensors):
    kind, operands = choice
    attributes = {}
    if kind == "Transpose":
        attributes = {"perm": [0, 2, 1]}
    elif kind == "Reshape":
        operands = [operands[0], "shape"]
    elif kind == "Where":
        operands = ["mask", *operands]
    tensors[f"t_{name}"] = Tensor(f"t_{name}", SQUARE, "float", "activation")
    return Node(name, kind, "", 20, tuple(operands), (f"t_{name}",), attributes)


@st.composite
def graphs(draw):
    """Up to 25 nodes over tensors of one shape; any tensor may be read any number of times, and any may be put out."""
    tensors = {**constants(), **{name: Tensor(name, SQUARE, "float", "input") for name in ("x", "y")}}
    available = ["x", "y"]
    nodes = []
    for index in range(draw(st.integers(1, 25))):
        recent = st.sampled_from(available[-4:])
        form = draw(st.integers(0, 2))
        if form == 0:
            choice = (draw(st.sampled_from(UNARY)), [draw(recent)])
        elif form == 1:
            choice = (draw(st.sampled_from(BINARY)), [draw(recent), draw(recent)])
        else:
            op = draw(st.sampled_from(BY_CONSTANT))
            constant = MATRIX if op == "MatMul" else draw(st.sampled_from([SCALAR, CHANNELS]))
            choice = (op, [draw(recent), constant])
        nodes.append(node(f"n{index}", choice, tensors))
        available.append(nodes[-1].outputs[0])
    read = {name for made in nodes for name in made.inputs}
    outputs = [made.outputs[0] for made in nodes if made.outputs[0] not in read]
    outputs += draw(st.lists(st.sampled_from([made.outputs[0] for made in nodes]), max_size=2))
    return Graph("random", tuple(nodes), tensors, ("x", "y"), tuple(dict.fromkeys(outputs)), 1, 0, "")


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_passes_lose_no_node_and_no_product_and_keep_the_order(graph):
    work = workload(graph)
    assert sum(work.mapped.values()) == len(graph.nodes)
    named = [name for operator in work.operators for name in operator.nodes]
    assert len(named) == len(set(named))
    plain = lower(graph, Draft(graph).origins)
    assert sum(o.macs for o in work.operators) == sum(o.macs for o in plain)
    made = {name for name, tensor in graph.tensors.items() if tensor.kind != "activation"}
    for operator in work.operators:
        assert {operand.tensor for operand in operator.inputs} <= made
        made |= {operand.tensor for operand in operator.outputs}
    assert set(graph.outputs) <= made


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_passes_never_add_bytes_or_vector_work(graph):
    """The most that a pass may add is a scale moved from factors onto the scores, which here has as many elements."""
    work = workload(graph)
    plain = lower(graph, Draft(graph).origins)

    def moved(operators):
        return sum(o.elements for op in operators if op.engine != "view" for o in (*op.inputs, *op.outputs))

    def computed(operators):
        return sum(sum(op.vector.values()) for op in operators)

    assert moved(work.operators) <= moved(plain)
    assert computed(work.operators) <= computed(plain)


@settings(max_examples=50, deadline=None)
@given(graphs())
def test_the_same_graph_gives_the_same_work(graph):
    assert workload(graph) == workload(graph)
