"""`python -m omconsole.simulator`: the simulated tenant as a process of its own."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from datetime import UTC, datetime

from omconsole.simulator.faults import Faults, fault_table
from omconsole.simulator.scenarios import SCENARIOS
from omconsole.simulator.server import TOKEN_VARIABLE, Access, serve, utc_now
from omconsole.simulator.sign_in import TOKEN_LIFETIME_S
from omconsole.simulator.world import World


def _epoch(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m omconsole.simulator",
        description=f"A simulated Intune tenant that speaks Microsoft Graph. ${TOKEN_VARIABLE} sets its token.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"faults, as NAME[=VALUE][@PATH-PART][*TIMES]:\n{fault_table()}",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--port", type=int, help="TCP port; a free one when absent or 0")
    where.add_argument("--uds", metavar="PATH", help="Unix socket")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--root", metavar="URL", help="origin written into next links")
    parser.add_argument("--devices", type=_positive, default=2000, help="size of the fleet (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which tenant (%(default)s)")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="busy", help="(%(default)s)")
    parser.add_argument("--epoch", type=_epoch, metavar="ISO", help="when the world begins; this minute when absent")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input, a pipe, is closed")
    parser.add_argument("--tls", action="store_true", help="speak HTTPS, with a certificate authority of its own")
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC", help="see below; may be repeated")
    parser.add_argument("--without", action="append", default=[], metavar="PERMISSION", help="not consented to")
    parser.add_argument(
        "--token-lifetime", type=_positive, default=TOKEN_LIFETIME_S, metavar="SECONDS", help="(%(default)s)"
    )
    return parser


def main(argv: list[str]) -> int:
    """Serves until SIGTERM or SIGINT: exit 0; 2 when it cannot listen or an argument is wrong."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        faults = Faults.parse(options.fault)
    except ValueError as error:
        parser.error(str(error))
    epoch = options.epoch or utc_now().replace(second=0, microsecond=0)
    world = World(options.seed, options.scenario, epoch, options.devices)
    access = Access(
        os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24),
        options.tls,
        faults,
        tuple(options.without),
        options.token_lifetime,
    )
    try:
        serve(
            world,
            options.port,
            options.uds,
            options.host,
            access=access,
            root=options.root,
            until_stdin_closes=options.until_stdin_closes,
        )
    except OSError as error:
        sys.stderr.write(f"The simulated tenant did not start: {error.strerror or error}.\n")
        sys.stderr.write("Choose another --port or --uds, or end what listens there.\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
