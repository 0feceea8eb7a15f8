"""The error tree. Every error is two lines for the user: what happened, and what to do.

ConsoleError                 1  unexpected
├── UsageError               2  a wrong option, argument or id
│   └── SettingsError        2  the settings file or the environment
├── SignInError              3  sign-in failed
│   └── SignInNeeded            a person has to sign in
├── StateError               4  the state directory: locked, newer, damaged, not writable
│   ├── StateLocked
│   └── StateNewer
├── SourceFailed             5  done, but a source failed
└── GraphError               5  an answer (or none) from Microsoft Graph
    ├── GraphUnreachable        no answer in time
    ├── GraphThrottled          429 or 503 with a waiting time
    ├── GraphForbidden          403: a permission is missing
    ├── GraphRejected           any other error status
    └── GraphProtocolError      an answer that is not Graph's
"""

from __future__ import annotations

from typing import ClassVar


class ConsoleError(Exception):
    """An error that the program tells in two lines.

    Args:
        what: what happened, one sentence, already in the user's language.
        do: what to do about it, one sentence; empty when there is nothing to do.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.do = do


class UsageError(ConsoleError):
    exit_code = 2


class SettingsError(UsageError):
    """The settings file or an environment variable cannot be used."""


class SignInError(ConsoleError):
    """There is no token that Graph accepts."""

    exit_code = 3


class SignInNeeded(SignInError):
    """Only a person can go on: nobody is signed in, or Entra asks for more.

    Args:
        claims: the claims challenge that the next sign-in has to answer, JSON text; None without one.
    """

    def __init__(self, what: str, do: str = "", *, claims: str | None = None) -> None:
        super().__init__(what, do)
        self.claims = claims


class StateError(ConsoleError):
    """The state directory cannot be used."""

    exit_code = 4


class StateLocked(StateError):
    """Another process holds the lock for longer than this one waits."""


class StateNewer(StateError):
    """The state was written by a newer program."""


class SourceFailed(ConsoleError):
    """The work is done, but a source failed, was partial or throttled."""

    exit_code = 5


class GraphError(ConsoleError):
    """Graph's answer, or the lack of one, for a single request."""

    exit_code = 5


class GraphUnreachable(GraphError):
    """No complete answer arrived in time."""


class GraphThrottled(GraphError):
    """Graph asks to wait.

    Args:
        retry_after_s: seconds from now during which nothing may be asked of this workload.
    """

    def __init__(self, what: str, do: str = "", *, retry_after_s: float = 0.0) -> None:
        super().__init__(what, do)
        self.retry_after_s = retry_after_s


class GraphForbidden(GraphError):
    """A permission or role is missing.

    Args:
        needs: the permissions, any of which would do, as Graph or the reference names them.
    """

    def __init__(self, what: str, do: str = "", *, needs: tuple[str, ...] = ()) -> None:
        super().__init__(what, do)
        self.needs = needs


class GraphRejected(GraphError):
    """Graph answered with an error status that no other class covers.

    Args:
        status: the HTTP status.
        code: Graph's `error.code`.
    """

    def __init__(self, what: str, do: str = "", *, status: int = 0, code: str = "") -> None:
        super().__init__(what, do)
        self.status = status
        self.code = code


class GraphProtocolError(GraphError):
    """The answer is not what Graph would send: not JSON, too large, redirected, a foreign link."""
