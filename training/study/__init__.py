"""Compares many checkpoints on the same samples: what GRPO and each reward buys."""
