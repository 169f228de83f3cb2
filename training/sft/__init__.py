"""The supervised start: vision, motion, language."""
