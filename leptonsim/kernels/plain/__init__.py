"""Plain-Python twins of the compiled kernels: slow, simple, and what the kernels are held to."""
