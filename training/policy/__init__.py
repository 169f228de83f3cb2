"""The model as a policy: what it sees of clips, the answers it writes, and how probable these were."""
