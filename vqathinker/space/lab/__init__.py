"""The reward lab: the tab and its page."""
