"""A registered model answers for image files: on the command line, in a pipeline and over HTTP."""
