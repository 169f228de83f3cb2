"""Errors whose message is one sentence that can be shown to a user as it is."""


class VQAThinkerError(Exception):
    """Base class of every error that the package raises on purpose."""


class VideoError(VQAThinkerError):
    """The file cannot be rated: missing, unreadable, refused by a limit, or no video at all."""


class ModelError(VQAThinkerError):
    """The model cannot be loaded or run as asked: folder, precision, device or inputs do not fit."""
