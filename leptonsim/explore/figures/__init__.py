"""Pictures of sweeps, one kind to a file, in the style of all pictures (``leptonsim.result.style``).

Each module shows itself: ``python -m leptonsim.explore.figures.front [SWEEP.db] [-o FILE]``.
"""
