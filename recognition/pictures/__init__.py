"""Pictures of artifacts, as PNG bytes for dashboards."""
