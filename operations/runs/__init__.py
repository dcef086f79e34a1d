"""Runs, from the check to the end: trainings, calibrations, predictions, reproductions."""
