"""Pictures of sweeps, one kind to a file; ``style`` is how all of them look."""
