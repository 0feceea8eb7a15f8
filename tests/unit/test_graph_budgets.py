"""The program's own limits: what is asked of a workload stays below what Graph allows one app."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omconsole.errors import GraphThrottled
from omconsole.graph import Round
from omconsole.graph.budgets import BUDGETS, OTHERS, Budget, Budgets, Limit, Need
from tests.unit.graph_tools import Tenant, ok, refused


def budgets(requests: int, seconds: float, *, writes: Limit | None = None) -> Budgets:
    return Budgets({}, Budget((Limit(requests, seconds),), (writes,) if writes else ()))


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(begin <= at < begin + seconds for at in times) for begin in times)


async def test_more_requests_than_the_budget_wait_and_say_so() -> None:
    tenant = Tenant(ok(), budgets=budgets(10, 20))
    turn = Round()
    for _n in range(25):
        await tenant.ask(in_round=turn)
    assert most_within(tenant.wire.times, 20) == 10
    assert {(wait.workload, wait.reason) for wait in tenant.waits} == {("devices", "budget")}
    assert turn.waited_s == sum(tenant.time.slept) == 40


async def test_a_storm_of_report_actions_paces_itself() -> None:
    tenant = Tenant(ok())
    turn = Round()

    async def one() -> bool:
        try:
            await tenant.client.post("/reports/get", b"{}", workload="reports", in_round=turn)
        except GraphThrottled as error:
            return error.retry_after_s > 0
        return False

    held = await asyncio.gather(*(one() for _n in range(500)))
    assert most_within(tenant.wire.times, 20) == 80
    assert 240 <= len(tenant.wire.times) == 500 - sum(held)
    assert turn.waited_s <= 60


async def test_a_longer_wait_than_the_round_has_says_whose_limit_it_is() -> None:
    tenant = Tenant(ok(), budgets=budgets(2, 3600))
    await tenant.ask()
    await tenant.ask()
    with pytest.raises(GraphThrottled) as told:
        await tenant.ask()
    assert told.value.retry_after_s == 3600
    assert "The program sends at most 2 requests for devices in 3600 s" in told.value.what
    assert len(tenant.wire.requests) == 2
    await tenant.ask(workload="messages")


async def test_reads_and_writes_have_limits_of_their_own() -> None:
    tenant = Tenant(ok(), budgets=budgets(100, 20, writes=Limit(3, 20)))
    for _n in range(20):
        await tenant.ask(workload="reports")
    for _n in range(4):
        await tenant.client.post("/reports/get", b"{}", workload="reports")
    assert [wait.seconds for wait in tenant.waits] == [20]


async def test_every_try_counts() -> None:
    tenant = Tenant(httpx.ConnectError("x"), refused(429, retry_after="1"), ok(), budgets=budgets(3, 20))
    await tenant.ask()
    await tenant.ask()
    assert most_within(tenant.wire.times, 20) == 3


async def test_graphs_own_time_and_the_budget_are_both_kept() -> None:
    tenant = Tenant(refused(429, retry_after="45"), ok(), budgets=budgets(1, 20))
    await tenant.ask()
    assert tenant.wire.times == [1000, 1045]
    assert tenant.waits[-1].reason == "throttled"


def test_the_budgets_stay_below_the_limits_of_the_reference() -> None:
    def figures(limits: tuple[Limit, ...]) -> list[tuple[int, float]]:
        return [(limit.requests, limit.seconds) for limit in limits]

    assert figures(BUDGETS["devices"].every + BUDGETS["devices"].writes) == [(1600, 20), (160, 20)]
    assert figures(OTHERS.every + OTHERS.writes) == [(800, 20), (80, 20)]
    assert figures(BUDGETS["serviceAnnouncement"].every) == [(192, 60), (640, 3600)]
    assert figures(BUDGETS["reportExports"].every) == [(40, 60)]
    assert figures(BUDGETS["security"].every) == [(120, 60)]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 7)), min_size=1, max_size=60))
def test_no_window_ever_holds_more_than_its_limit(asked: list[tuple[int, int]]) -> None:
    kept, now = budgets(20, 10), 0.0
    sent: list[float] = []
    for later, count in asked:
        now += later
        needs = [Need("x", count=count)]
        full = kept.full(needs, now)
        if full is not None:
            assert now < full.until <= now + 10
            now = full.until
            assert kept.full(needs, now) is None
        kept.take(needs, now)
        sent += [now] * count
    assert all(a <= b for a, b in pairwise(sent))
    assert all(late - early >= 10 for early, late in zip(sent, sent[20:], strict=False))
