"""How each ONNX operator is lowered: one file for each family.

A file holds functions ``lower(node, graph) -> Operator`` and says in ``LOWERINGS`` which operators they are for: by
name for those of the default domain, by ``"domain::name"`` for others. Files are found by listing this folder; adding
an operator is adding a file.
"""
