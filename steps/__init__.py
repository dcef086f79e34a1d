"""Thin ZenML steps, one a file: unpack, call the library, annotate the outputs, log metadata."""
