"""What happens in time: one chip as a SimPy simulation around the tile kernel, with its links, memory and energy."""
