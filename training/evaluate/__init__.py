"""Measures one checkpoint: through files, on stored features, and how far its scores may be off."""
