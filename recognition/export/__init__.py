"""A stored model in another format, for programs that know nothing of this project; one format a file."""
