"""What can go wrong on the way to a tenant, switched on and off while it is served.

A fault is written `NAME[=VALUE][@PATH-PART][*TIMES]`, as in `throttled=30@managedDevices*5`: it meets the requests to
Graph whose path contains PATH-PART (`beta` is one, too), and is over by itself after TIMES of them. Without a part it
meets every request to Graph, and none to the sign-in server. Names and values: `fault_table`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from omconsole.simulator.fault_exchange import Exchange, Wire
from omconsole.simulator.fault_kinds import KINDS
from omconsole.simulator.sign_in_script import STEPS, SignInScript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from starlette.types import ASGIApp, Receive, Scope, Send

    from omconsole.simulator.fault_exchange import Reply
    from omconsole.simulator.fault_kinds import Kind

_SPEC = re.compile(r"(?P<name>[a-z0-9-]+)(?:=(?P<value>[^@*]*))?(?:@(?P<part>[^*]+))?(?:\*(?P<times>[1-9][0-9]{0,8}))?")


@dataclass(slots=True)
class Fault:
    """One fault that is switched on."""

    kind: Kind
    value: str
    part: str = ""
    #: How many requests it still meets; None for all.
    left: int | None = None
    #: How many it has met.
    times: int = 0
    #: What it keeps between requests.
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.left is not None and self.times >= self.left

    def meets(self, exchange: Exchange) -> bool:
        """Whether it is for this request. The parts of a batch are met one by one, the batch only if it is named."""
        if exchange.path.endswith("/$batch") and "$batch" not in self.part:
            return False
        if self.is_over or not (self.part in exchange.path if self.part else exchange.is_graph):
            return False
        return self.kind.meets(exchange)


class Faults:
    """The faults of one simulated tenant. They may be changed from another thread than the one that serves."""

    def __init__(self) -> None:
        self._active: tuple[Fault, ...] = ()
        #: What the sign-in server does wrong.
        self.script = SignInScript()

    @classmethod
    def parse(cls, specs: Iterable[str]) -> Faults:
        """The faults in these texts, each of one or several that are separated by commas.

        Raises:
            ValueError: one of them has no known name, or a value that it cannot have; the text says what there is.
        """
        faults = cls()
        for spec in specs:
            faults.add(spec)
        return faults

    def add(self, spec: str) -> None:
        """Switches faults on, beside those of before; those of signing in go to `script`. Raises as `parse` does."""
        for each in map(str.strip, spec.split(",")):
            if SignInScript.takes(each):
                self.script.add(each)
            else:
                self._active += (_fault(each),)

    def clear(self) -> None:
        """Switches all of them off."""
        self._active = ()
        self.script.clear()

    def around(self, app: ASGIApp, clock: Callable[[], datetime]) -> ASGIApp:
        """The application with these faults before it; `clock` is the server's, aware."""
        return partial(self._serve, app, clock)

    async def _serve(
        self, app: ASGIApp, clock: Callable[[], datetime], scope: Scope, receive: Receive, send: Send
    ) -> None:
        active = [fault for fault in self._active if not fault.is_over]
        if scope["type"] != "http" or not active:
            await app(scope, receive, send)
            return
        wire = Wire(scope, receive, send)
        exchange = Exchange(scope, await wire.read(), clock())
        met = [fault for fault in active if fault.meets(exchange)]
        reply = await _answered(app, exchange, met)
        for fault in met:
            fault.times += 1
            if fault.kind.ends is not None:
                await fault.kind.ends(wire, reply, fault.value)
                return
        await wire.whole(reply)


async def _answered(app: ASGIApp, exchange: Exchange, met: list[Fault]) -> Reply:
    """The answer of the first fault that has one of its own, else the application's; then what changes it."""
    for fault in met:
        reply = fault.kind.answer(exchange, fault.value) if fault.kind.answer is not None else None
        if reply is not None:
            return reply
    for fault in met:
        if fault.kind.asks is not None:
            exchange.body = fault.kind.asks(exchange)
    reply = await exchange.answered_by(app)
    for fault in met:
        if fault.kind.change is not None:
            fault.kind.change(exchange, reply, fault)
    return reply


def _fault(spec: str) -> Fault:
    found = _SPEC.fullmatch(spec)
    if found is None:
        raise ValueError(f"A fault is written NAME[=VALUE][@PATH-PART][*TIMES]; “{spec}” is not.")
    name, value, part, times = found.group("name", "value", "part", "times")
    if name not in KINDS:
        raise ValueError(f"There is no fault “{name}”. There are: {', '.join((*KINDS, *STEPS))}.")
    kind = KINDS[name]
    value = kind.default if value is None else value
    if not kind.takes.fullmatch(value):
        raise ValueError(f"The fault “{name}” takes {kind.value or 'no value'}, not “{value}”.")
    return Fault(kind, value, part or "", None if times is None else int(times))


def fault_table() -> str:
    """Every fault with its value and what it does, one a line."""
    width = max(map(len, KINDS))
    lines = [f"{name:<{width}}  {kind.about}{f' [{kind.value}]' if kind.value else ''}" for name, kind in KINDS.items()]
    lines += [f"{name:<{width}}  steps of signing in: {', '.join(steps)}" for name, steps in STEPS.items()]
    return "\n".join(lines)
