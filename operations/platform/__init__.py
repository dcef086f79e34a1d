"""What every room stands on: environment, processes, locks, the terminal, the stack, the code."""
