"""The way in: language first, then the command line, and errors in two lines."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run omconsole with the arguments of this process; ends the process with the exit status of design.md §5."""
    from omconsole.i18n import activate, resolve_language

    # Help texts are translated when the command line module is imported, so the language comes before it.
    activate(resolve_language(sys.argv[1:], os.environ))
    from omconsole.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
