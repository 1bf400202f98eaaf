"""The errors that are for the user: one clear message, what was wrong, where, and what to do."""


class LeptonError(Exception):
    """Something the user gave cannot be used; the command line prints the message and exits with 2."""
