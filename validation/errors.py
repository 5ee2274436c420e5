"""Why a check has no result: a missing tool is not a failure, a dead program is."""

__all__ = ["CheckFailedError", "CouldNotRunError"]


class CouldNotRunError(RuntimeError):
    """A check did not take place: a tool or header is missing, or a time limit passed.

    The message ends with the way out.
    """


class CheckFailedError(RuntimeError):
    """The generated firmware does not compile, dies, or writes something other than its tensors."""
