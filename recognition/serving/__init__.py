"""A classifier answers over HTTP: limits, batches, numbers and pages; where models come from is not known here."""
