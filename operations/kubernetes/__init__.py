"""Stacks on Kubernetes: described in a file, checked before each run, watched while it goes on."""
