"""The console's budgets at 50,000 open items: B1, B6, B8, B11, B13 and B16, each measured beside its yardstick.

`python tests/perf/bench_console.py [BUDGET...] [--items N] [--pairs N] [--seconds N]` prints one line of JSON a budget
and ends with 1 when one is missed. The quotients are to be trusted, the times belong to the machine.
"""

from __future__ import annotations

import argparse
import compileall
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tests.perf import command_measures, screen_measures
from tests.perf.planting import planted_by_child

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.perf.screen_measures import Figure

ROOT = Path(__file__).parents[2]


def main() -> int:
    options = _options()
    for package in ("omconsole", "widgets", "styles"):
        compileall.compile_dir(ROOT / package, quiet=2)
    with tempfile.TemporaryDirectory(prefix="omconsole-bench-") as name:
        folder = Path(name)
        big = planted_by_child(folder / "big", options.items)

        def acknowledgement() -> Figure:
            return command_measures.acknowledgement(planted_by_child(folder / "small", 1_000), big)

        # What changes the state most comes last.
        measures: dict[str, Callable[[], Figure]] = {
            "B1": lambda: screen_measures.first_paint(big, options.pairs),
            "B6": lambda: screen_measures.changed_cell(big),
            "B8": lambda: screen_measures.idle(big, options.seconds),
            "B16": lambda: command_measures.command(big, options.pairs),
            "B11": acknowledgement,
            "B13": lambda: screen_measures.keys_while_reading(big, options.devices),
        }
        return max(_told(measure()) for name, measure in measures.items() if name in (options.budgets or measures))


def _told(figure: Figure) -> int:
    sys.stdout.buffer.write(msgspec.json.encode(figure) + b"\n")
    sys.stdout.buffer.flush()
    return 0 if figure.ok else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("budgets", nargs="*", metavar="BUDGET")
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--devices", type=int, default=100_000, help="of the tenant that is taken in for B13")
    parser.add_argument("--pairs", type=int, default=15, help="how often each of two programs is started")
    parser.add_argument("--seconds", type=float, default=60.0, help="of idleness")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
