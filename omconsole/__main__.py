"""The way in: language first, then the command line, and errors in two lines."""

from __future__ import annotations

import gc
import os
import sys

NEW_OBJECTS = 150_000
"""Containers made before the garbage is looked through. Nothing that imports make is garbage, and looking through it
again and again takes a fifth of the time to the first paint; the console goes back to Python's own number then."""


def main() -> None:
    """Run omconsole with the arguments of this process; ends the process with the exit status of design.md §5."""
    gc.set_threshold(NEW_OBJECTS)
    from omconsole.i18n import activate, resolve_language

    # Help texts are translated when the command line module is imported, so the language comes before it.
    activate(resolve_language(sys.argv[1:], os.environ))
    if len(sys.argv) == 1:
        sys.exit(_console_alone())
    from omconsole.cli import run

    sys.exit(run(sys.argv[1:]))


def _console_alone() -> int:
    """`omconsole` alone is the console: the command line, which is not needed, would delay its first paint."""
    try:
        from omconsole.commands.console import run_alone

        return run_alone(os.environ)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told to the user, whatever it is
        from omconsole.cli import failed

        return failed(error)


if __name__ == "__main__":
    main()
