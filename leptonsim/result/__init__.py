"""What is reported: the ``Result`` of a simulation, its JSON and its tables."""
