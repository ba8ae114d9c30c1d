"""The one exception whose message is meant for the person at the keyboard."""


class InputError(ValueError):
    """Something given to the program cannot be used: says in one line what, and what to do about it."""
