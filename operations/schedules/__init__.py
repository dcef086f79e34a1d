"""Schedules: from a file to what runs by itself."""
