"""The views of the lab, drawn from a state and its numbers."""
