"""Names for the ids of users: from the fleet's devices first, else asked for one by one, and kept for the process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from omconsole.errors import GraphError, GraphRejected, UsageError
from omconsole.graph import USER, USER_ASKED
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from omconsole.graph import GraphClient, ManagedDevice, Round

ASKED_A_ROUND = 50
"""Users asked for in one poll; the others keep their ids until the next."""
NOT_FOUND = 404


class UserNames:
    """The user principal names that this process knows, by user id."""

    def __init__(self) -> None:
        self._names: dict[str, str | None] = {}
        """None of a user whom the directory does not know, or names no better than by the id."""

    def __getitem__(self, id_: str) -> str:
        """The name; the id itself while none is known."""
        return self._names.get(id_) or id_

    async def learn(
        self, ids: Collection[str], devices: Sequence[ManagedDevice], graph: GraphClient, budget: Round
    ) -> None:
        """Find the names of these users as far as they can be found. A directory that does not tell is no error.

        Args:
            ids: of users.
            devices: the fleet, whose devices name their users.
            graph: asked for the users that no device names.
            budget: of the poll.
        """
        unnamed = {id_ for id_ in ids if self._names.get(id_) is None}
        async for device in sliced(devices, LIGHT_SLICE):
            if device.user_id in unnamed and device.user_principal_name:
                self._names[device.user_id or ""] = device.user_principal_name
        wanted = sorted(id_ for id_ in unnamed if id_ not in self._names)[:ASKED_A_ROUND]
        # The first tells whether the directory may be asked at all.
        if wanted and await self._ask(wanted[0], graph, budget):
            await asyncio.gather(*(self._ask(id_, graph, budget) for id_ in wanted[1:]))

    async def _ask(self, id_: str, graph: GraphClient, budget: Round) -> bool:
        """Ask for one user; False when the directory cannot be asked now."""
        try:
            reply = await graph.get(
                USER_ASKED.path, workload="directory", ids={"id": id_}, params=USER_ASKED.params(), in_round=budget
            )
            user, _flaws = USER.single(reply.body)
        except GraphRejected as error:
            if error.status == NOT_FOUND:
                self._names[id_] = None
            return error.status == NOT_FOUND
        except GraphError:
            return False
        except UsageError:  # an id that cannot stand in an address, such as `..`, is nobody's
            self._names[id_] = None
            return True
        self._names[id_] = (user.user_principal_name or user.display_name) if user else None
        return True
