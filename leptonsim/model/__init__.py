"""What is to be run: ONNX models, built-in models and single operators, as graphs whose shapes are all known."""

from leptonsim.model.graph import Graph, Node, Tensor
from leptonsim.model.loading import Model, load_model
from leptonsim.model.zoo import zoo_descriptions, zoo_names

__all__ = ["Graph", "Model", "Node", "Tensor", "load_model", "zoo_descriptions", "zoo_names"]
