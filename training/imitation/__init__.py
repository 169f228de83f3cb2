"""Supervised learning of answers, by a model of any family."""
