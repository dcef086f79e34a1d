"""A plugin for pytest: what a test reaches in its own process is recorded under its name and phase."""

import os

import coverage
import pytest


def pytest_runtest_logstart(nodeid):
    _switch(f"{nodeid} (setup)")


@pytest.hookimpl(tryfirst=True)  # before pytest's own, which runs the test
def pytest_runtest_call(item):
    _switch(os.environ["PYTEST_CURRENT_TEST"])


def pytest_runtest_teardown(item):
    _switch("")  # a fixture that ends says nothing about what its tests check


def pytest_sessionfinish():
    if (measuring := coverage.Coverage.current()) is not None:  # xdist ends its workers without waiting for them
        measuring.stop()
        measuring.save()


def _switch(context):
    if (measuring := coverage.Coverage.current()) is not None:
        measuring.switch_context(context)
