"""Names for the ids of users: from the fleet's devices first, else asked for in batches, and kept for the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omconsole.errors import GraphError, GraphRejected, UsageError
from omconsole.graph import USER, USER_ASKED
from omconsole.graph.addresses import request_path
from omconsole.graph.batch import PARTS_AT_MOST, Part, batch
from omconsole.signals.slices import LIGHT_SLICE, sliced

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from omconsole.graph import GraphClient, ManagedDevice, Reply, Round

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
        for start in range(0, len(wanted), PARTS_AT_MOST):
            # The first ones tell whether the directory may be asked at all.
            if not await self._ask(wanted[start : start + PARTS_AT_MOST], graph, budget):
                return

    async def _ask(self, ids: Sequence[str], graph: GraphClient, budget: Round) -> bool:
        """Ask for some users in one batch; False when the directory tells of none of them."""
        parts: dict[str, Part] = {}
        for id_ in ids:
            part = Part(path=USER_ASKED.path, ids={"id": id_}, params=USER_ASKED.params())
            try:
                request_path(part.path, ids=part.ids)
            except UsageError:  # an id that cannot stand in an address, such as `..`, is nobody's
                self._names[id_] = None
            else:
                parts[id_] = part
        answers = await batch(graph, list(parts.values()), workload="directory", in_round=budget) if parts else []
        told = len(ids) - len(parts)
        for id_, answer in zip(parts, answers, strict=True):
            told += self._take(id_, answer)
        return told > 0

    def _take(self, id_: str, answer: Reply | GraphError) -> bool:
        """Keep what the directory says of one user; False when it says nothing."""
        if isinstance(answer, GraphRejected) and answer.status == NOT_FOUND:
            self._names[id_] = None
            return True
        try:
            user, _flaws = USER.single(answer.body) if not isinstance(answer, GraphError) else (None, None)
        except GraphError:
            return False
        if isinstance(answer, GraphError):
            return False
        self._names[id_] = (user.user_principal_name or user.display_name) if user else None
        return True
