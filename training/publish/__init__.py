"""Puts a checkpoint, or the Space, on the hub."""
