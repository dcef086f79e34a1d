"""What surrounds a training: its identity, its folder of checkpoints, what it begins with."""
