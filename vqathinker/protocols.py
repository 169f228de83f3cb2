"""How a score is read off what the model writes."""

PROTOCOLS = DEFAULT_PROTOCOL, RELEASED = ("default", "released")
"""As the answer of least risk, or as the greedy number of the published evaluation."""
