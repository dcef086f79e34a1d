"""Own images at s3:// and the other addresses that fsspec knows, mirrored into a local folder."""
