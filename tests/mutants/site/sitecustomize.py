"""Starts coverage in every Python process, pytest's workers and the commands of tests alike."""

import coverage

coverage.process_startup()
