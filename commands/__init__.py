"""What follows `run_pipeline.py` on the command line: one verb a file, each with a parser and what it does."""
