"""The shape of the remote actions that were asked for. Times are UTC."""

from __future__ import annotations

from typing import Final

import msgspec

from omconsole.graph.decoding import Identifier, Instant, Reference, RowDecoder, Text, Word


class RemoteActionAudit(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A row of /deviceManagement/remoteActionAudits (beta): one action on one device, and how far it is."""

    id: Identifier
    device_display_name: Text = None
    managed_device_id: Reference = None
    action: Word = None
    action_state: Word = None
    request_date_time: Instant = None
    initiated_by_user_principal_name: Text = None
    device_owner_user_principal_name: Text = None


REMOTE_ACTIONS: Final = RowDecoder(RemoteActionAudit)
