"""What came of runs: loaded, summed up, compared, told."""
