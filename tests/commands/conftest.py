"""Commands in this process, on a state folder with both databases."""

from tests.operations.conftest import client, state  # noqa: F401
