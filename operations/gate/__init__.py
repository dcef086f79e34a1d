"""The gate between a new version and the champion's place."""
