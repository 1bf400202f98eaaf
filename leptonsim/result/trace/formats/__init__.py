"""The formats of traces: a module for each, named like the suffix; ``encode`` turns a Timeline into a file's bytes."""
