"""Predictions on a labelled split, and what they are worth."""
