"""Registered models in use: prediction, export, the server."""
