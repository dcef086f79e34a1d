"""Which steps, in which order."""
