"""The exception for unusable input."""


class InputError(ValueError):
    """Unusable input, with a message for the user: one line that says what is wrong and what to do about it."""
