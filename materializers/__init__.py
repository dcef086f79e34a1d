"""How our artifacts are stored and shown in ZenML, one materializer a file."""
