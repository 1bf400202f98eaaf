"""What is recognised, folded and fused: one file for each pass.

A pass is a module with either ``rewrite(draft)``, which works on graph nodes before they are lowered, or
``fuse(flow)``, which works on operator records afterwards. ``AFTER`` names the passes that must have run before it,
``BEFORE`` (if there is one) those that must not have; passes are found by listing this folder.

Why an own matcher: the rewriter of onnxscript works on the ONNX IR, not on the ``Graph`` here, and would make the
chip-independent half depend on how the model was stored; what is needed here are trees of a few nodes over a graph
whose shapes are known, and for each of them who else reads its inside.
"""
