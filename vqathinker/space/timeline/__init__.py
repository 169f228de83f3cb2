"""The timeline on the page: its figure, its cards and files, and the panel under a player or a comparison."""
