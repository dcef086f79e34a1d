"""Finding the learning rate, the batch size and the number of epochs: a range test, then a study on validation."""
