"""Builds the training set: sources, degradations, labels, reasoning."""
