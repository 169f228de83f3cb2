"""Scorers on Qwen2.5-VL, in transformers' own classes: VisualQuality-R1, Q-Insight."""
