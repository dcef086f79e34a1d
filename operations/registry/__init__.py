"""Registered models: versions, aliases, files, and who may change them."""
