"""Augmentation and normalization under the names of Keras' ImageDataGenerator."""
