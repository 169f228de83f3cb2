"""Builds the training set: degradations, labels, split and manifest."""
