"""Recipes that make the checkpoint: data, supervised start, reinforcement, evaluation."""
