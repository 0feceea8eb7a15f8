"""TLS for the simulated tenant: a certificate authority of its own, which exists as long as the server does."""

from __future__ import annotations

import os
import ssl
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = ("127.0.0.1", "localhost", "::1")


@contextmanager
def certificates() -> Iterator[tuple[ssl.SSLContext, Path]]:
    """The server's TLS context for this machine's own names, and the file of the authority that clients trust.

    The file is the user's alone (0600, in a directory that is 0700) and is removed at the end; no key is ever
    written beside it.
    """
    authority = trustme.CA(organization_name="omconsole simulate", organization_unit_name="for tests alone")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*_NAMES).configure_cert(context)
    with tempfile.TemporaryDirectory(prefix="omconsole-simulate-") as folder:
        file = Path(folder) / "ca.pem"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as opened:
            opened.write(authority.cert_pem.bytes())
        yield context, file
