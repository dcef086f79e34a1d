"""Image data sets: where they come from, how they are split, what they hold."""
