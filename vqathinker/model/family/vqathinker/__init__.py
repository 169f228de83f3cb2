"""VQAThinker in both sizes: InternVL3 with a motion token, in the layout of its authors or in this package's."""
