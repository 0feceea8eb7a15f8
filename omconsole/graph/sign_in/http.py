"""The HTTP that msal is given: an httpx client, bounded in time and size, let go of when nobody uses it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES: Final = 2_000_000
"""An answer of a sign-in server has some thousand."""
WHOLE_S: Final = 30.0
"""Seconds for a whole answer; the client's time-out counts silence alone, and a byte now and then is none (D.2)."""


class Answer:
    """An answer with what msal reads of it."""

    def __init__(self, response: httpx.Response, text: str) -> None:
        self._response = response
        self.status_code = response.status_code
        self.headers = dict(response.headers)
        self.text = text

    def raise_for_status(self) -> None:
        """Raises httpx.HTTPStatusError for an error status."""
        self._response.raise_for_status()


class HttpForMsal:
    """An httpx client as msal calls it, from several threads.

    `close` cuts no request short, for the number of its socket may already be another's: whoever ends last closes.
    """

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._guard = threading.Lock()
        self._under_way = 0
        self._is_closed = False

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_more: Any) -> Answer:
        """Sends a GET.

        Raises:
            httpx.HTTPError: there is no whole answer.
        """
        return self._send("GET", url, params=params, headers=headers)

    def post(
        self, url: str, *, params: Any = None, data: Mapping[str, Any] | None = None, headers: Any = None, **_more: Any
    ) -> Answer:
        """Sends a form.

        Raises:
            httpx.HTTPError: there is no whole answer.
        """
        # msal gives a certificate's assertion as bytes, of which httpx would send the repr.
        form = {name: each.decode() if isinstance(each, bytes) else each for name, each in (data or {}).items()}
        return self._send("POST", url, params=params, data=form, headers=headers)

    def close(self) -> None:
        """Lets go of the connections; what is asked later fails."""
        with self._guard:
            self._is_closed = True
            if self._under_way:
                return
        self._http.close()

    def _send(self, method: str, url: str, *, headers: Mapping[str, str] | None, **more: Any) -> Answer:
        with self._guard:
            if self._is_closed:
                raise httpx.NetworkError("nobody waits for this any more")
            self._under_way += 1
        try:
            asked = {**(headers or {}), "Accept-Encoding": "identity"}
            with self._http.stream(method, url, headers=asked, **more) as response:
                return Answer(response, _text(response))
        finally:
            with self._guard:
                self._under_way -= 1
                is_last = self._is_closed and not self._under_way
            if is_last:
                self._http.close()


def _text(response: httpx.Response) -> str:
    """The whole body; compressed ones are refused, since a small one can become any size in one step."""
    if response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        raise httpx.DecodingError("the answer is compressed, which was not asked for")
    until = time.monotonic() + WHOLE_S
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_BYTES:
            raise httpx.DecodingError("the answer is too long")
        if time.monotonic() > until:
            raise httpx.ReadTimeout("the answer did not end in time")
    return body.decode("utf-8", "replace")
