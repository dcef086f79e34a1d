"""The sections of a configuration, one a file: who needs one imports its file, so that it depends on no other."""
