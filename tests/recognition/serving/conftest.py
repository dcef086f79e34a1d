import io
import json
import logging

import pytest

from recognition.serving.logs import LOGGER, REQUESTS, UVICORN, configure_logs


@pytest.fixture
def logged():
    """A function: whether to be quiet -> a function that gives the lines logged since."""
    loggers = [LOGGER, UVICORN, REQUESTS, logging.getLogger("python_multipart")]
    kept = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    stream = io.StringIO()

    def configure(quiet=False):
        configure_logs(quiet, stream)
        return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]

    yield configure
    for logger, logger.handlers[:], level, logger.propagate in kept:
        logger.setLevel(level)
