"""Makes `docs/signals.md`: `python docs/signals.py [DEVICES...]`; what each source asks for, and what it costs."""

from __future__ import annotations

import argparse
import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from omconsole.graph.surface import ASKED, USER_ASKED
from omconsole.poll.schedule import DEFAULT_INTERVALS, SWEEP_INTERVALS
from tests.perf.source_costs import MODES, Cost, measure

if TYPE_CHECKING:
    from omconsole.graph.asked import Asked
    from tests.perf.source_costs import Measured

PAGE: Final = Path(__file__).with_name("signals.md")
SIZES: Final = (1_000, 20_000, 100_000)
HEAD: Final = """\
# Sources: what is asked, how often, and what it costs

Made by `python docs/signals.py`. Measured on the simulated tenant (scenario `busy`, day one) as after
`omconsole doctor --probe`: every source read as a sweep and, a minute later, as an increment. *requests · bytes*,
compressed, headers included. A batch of up to twenty calls is one request. A source that cannot tell what changed
reads the same again.
"""


def page(found: dict[str, Measured], sizes: tuple[int, ...]) -> str:
    """The text of the page."""
    columns = [(size, mode) for size in sizes for mode in MODES]
    head = "".join(f" {mode}, {size:,} |" for size, mode in columns)
    lines = [HEAD, f"| source | every | sweep every |{head}", "|---|---|---|" + "---|" * len(columns)]
    for name, measured in found.items():
        interval = DEFAULT_INTERVALS[name]
        cells = [f"`{name}`", _span(interval), _span(SWEEP_INTERVALS.get(name, interval))]
        cells += [_told(measured.costs[column]) for column in columns]
        lines.append(f"| {' | '.join(cells)} |")
    sums = [_told(sum((each.costs[column] for each in found.values()), Cost(0, 0))) for column in columns]
    lines += [f"| **all** | | | {' | '.join(sums)} |", "", "## Calls", ""]
    lines += ["| source | call | version | permission |", "|---|---|---|---|"]
    for name, measured in found.items():
        # Many objects are asked for in the same words.
        lines += sorted({_call(name, *call) for call in measured.calls})
    return "\n".join(lines) + "\n"


def _call(source: str, method: str, version: str, path: str) -> str:
    asked = asked_for(method, version, path)
    shown, permission = (asked.path, asked.permission) if asked else (path, "")
    return f"| `{source}` | {method} `{shown}` | {version} | {permission} |"


def asked_for(method: str, version: str, path: str) -> Asked | None:
    """What the console says of a call."""
    for asked in (*ASKED, USER_ASKED):
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(asked.path))
        if (asked.method, asked.version) == (method, version) and re.fullmatch(pattern, path):
            return asked
    return None


def _told(cost: Cost) -> str:
    shown = f"{cost.bytes / 1e6:,.1f} MB" if cost.bytes >= 1e6 else f"{cost.bytes / 1e3:,.1f} kB"
    return f"{cost.requests:,} · {shown}"


def _span(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("devices", nargs="*", type=int)
    sizes = tuple(parser.parse_args().devices) or SIZES
    PAGE.write_text(page(asyncio.run(measure(sizes)), sizes), "utf-8")


if __name__ == "__main__":
    main()
