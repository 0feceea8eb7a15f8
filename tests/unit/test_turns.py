"""Work in the background takes turns, one step a round of the loop."""

from __future__ import annotations

import asyncio

from omconsole.turns import next_turn


async def test_many_tasks_do_one_step_between_two_rounds_of_the_loop() -> None:
    done: list[str] = []

    async def work(name: str) -> None:
        for _step in range(5):
            await next_turn()
            done.append(name)

    tasks = [asyncio.create_task(work(name)) for name in "abcdef"]
    a_round: list[int] = []
    while not all(task.done() for task in tasks):
        before = len(done)
        await asyncio.sleep(0)
        a_round.append(len(done) - before)
    assert max(a_round) == 1
    assert done[:12] == [*"abcdef", *"abcdef"]  # nobody is overtaken


async def test_who_is_cancelled_while_waiting_holds_nobody_up() -> None:
    async def work() -> str:
        await next_turn()
        return "done"

    first, second, third = (asyncio.create_task(work()) for _task in range(3))
    await asyncio.sleep(0)
    second.cancel()
    assert list(await asyncio.gather(first, third)) == ["done", "done"]
    await next_turn()
