"""Many chips and many runs."""
