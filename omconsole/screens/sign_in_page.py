"""What a sign-in says while it goes on: pure functions of its steps and the time. Every text is literal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from textual.content import Content

from omconsole.domain.sign_in import Account, BrowserAddress, Connecting, DeviceCode, SignInState
from omconsole.errors import ConsoleError
from omconsole.i18n import _, ngettext
from omconsole.sanitize import sanitize
from widgets import large_letters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from omconsole.domain.sign_in import Hindrance, SignInStep

LARGE_FROM: Final = 20
"""Lines of the terminal from which the code is set in large letters, and the page has room to breathe."""
LONGEST_CODE, LONGEST_ADDRESS = 40, 4_000
"""Characters: an authorization request with its challenge has some 700."""


class Progress(msgspec.Struct):
    """How far a sign-in has come."""

    why: str = ""
    """Why one is needed, a sentence in the user's language."""
    is_running: bool = False
    host: str = ""
    page: DeviceCode | BrowserAddress | None = None
    """What the person has to do."""
    hindrance: str = ""
    """What stands in the way at the moment; it goes on by itself."""
    trouble: ConsoleError | None = None
    """Why it has ended."""

    def begin(self) -> None:
        """Start from the beginning."""
        self.is_running, self.trouble, self.page, self.hindrance, self.host = True, None, None, "", ""

    def take(self, step: SignInStep) -> None:
        """Go on: every step but a hindrance ends the one before."""
        self.hindrance = ""
        if isinstance(step, Connecting):
            self.host = step.host
        elif isinstance(step, DeviceCode | BrowserAddress):
            self.page = step
        else:
            self._hold_up(step)

    def _hold_up(self, step: Hindrance) -> None:
        self.hindrance = step.why

    def end(self, trouble: ConsoleError) -> None:
        """Stop for a reason."""
        self.is_running, self.trouble, self.hindrance = False, trouble, ""

    @property
    def has_code(self) -> bool:
        """A code is waiting to be typed in."""
        return self.is_running and isinstance(self.page, DeviceCode)

    @property
    def to_copy(self) -> str:
        """The code or the address; empty while there is none."""
        if not self.is_running or self.page is None:
            return ""
        return code_of(self.page) if isinstance(self.page, DeviceCode) else address_of(self.page)


def code_of(step: DeviceCode) -> str:
    """Return the code as it is typed."""
    return sanitize(step.user_code, LONGEST_CODE)


def address_of(step: DeviceCode | BrowserAddress) -> str:
    """Return the address of the page, harmless for a terminal."""
    return sanitize(step.verification_uri if isinstance(step, DeviceCode) else step.address, LONGEST_ADDRESS)


def page(progress: Progress, now: datetime, width: int, height: int) -> Content:
    """Return the page, each line in the middle of `width` cells; `height` is the terminal's, in lines."""
    roomy = height >= LARGE_FROM
    if progress.trouble is not None:
        return _centred(_ended(progress.trouble), width, roomy=roomy)
    if not progress.is_running:
        return _centred(_asked(progress.why), width, roomy=roomy)
    if progress.page is None:
        paragraphs = [[Content.styled(_("asking {host} …").format(host=progress.host or "…"), "$ink-soft")]]
    elif isinstance(progress.page, DeviceCode):
        paragraphs = _code(progress.page, now, large=roomy and width > large_letters.width(code_of(progress.page)))
    else:
        paragraphs = _browser(progress.page)
    held_up = [Content.styled(progress.hindrance, "$severity-medium")]
    if not roomy and progress.hindrance:
        paragraphs[-1] = held_up
    elif roomy:
        paragraphs.append(held_up)  # its line stays, so that nothing jumps
    return _centred(paragraphs, width, roomy=roomy)


def minutes_left(until: datetime, now: datetime) -> int:
    """Return the minutes until then, a minute begun counting as one."""
    return max(0, -int((now - until).total_seconds() // 60))


def account_words(state: SignInState | None) -> str:
    """Return who is signed in and how, in one line; empty where nobody signs in."""
    if state is None:
        return ""
    name = sanitize(state.account.name, 120) if state.account is not None else ""
    way = method_words(state)
    if state.needed:
        said = (
            _("{name} has to sign in again, {way}: :login").format(name=name, way=way)
            if name
            else _("Nobody is signed in, {way}: :login").format(way=way)
        )
        return " · ".join(filter(None, (said, sanitize(state.why))))
    if name:
        return _("signed in as {name}, {way}; token renewed by itself").format(name=name, way=way)
    return _("sign-in {way}").format(way=way)


def method_words(state: SignInState) -> str:
    """Return how somebody signs in."""
    return {
        "device-code": _("with a code"),
        "browser": _("in the browser"),
        "client-secret": _("with a client secret"),
        "certificate": _("with a certificate"),
        "managed-identity": _("as a managed identity"),
        "token": _("with a ready token"),
    }[state.method]


def account_name(account: Account) -> str:
    """Return a signed-in account's name."""
    return sanitize(account.name, 120)


def _asked(why: str) -> list[list[Content]]:
    return [
        [Content.styled(_("Graph can be asked again when somebody has signed in."), "bold $ink-bright")],
        [Content.styled(sanitize(why), "$ink")] if why else [],
        [Content.styled(_("Everything that was read before stays on the screen."), "$ink-dim")],
    ]


def _ended(trouble: ConsoleError) -> list[list[Content]]:
    return [
        [Content.styled(sanitize(trouble.what), "bold $severity-high")],
        [Content.styled(sanitize(trouble.do), "$ink")] if trouble.do else [],
    ]


def _code(step: DeviceCode, now: datetime, *, large: bool) -> list[list[Content]]:
    code, left = code_of(step), minutes_left(step.expires_at, now)
    letters = large_letters.large(code) if large else None
    spaced = [Content.styled(" ".join(code), "bold $ink-bright")]
    typed = [Content.styled(line, "$ink-bright") for line in letters] if letters else spaced
    valid = ngettext(
        "Valid for {n} minute; it goes on by itself.", "Valid for {n} minutes; it goes on by itself.", left
    )
    return [
        [Content.styled(_("Open this page on any device and type in the code:"), "$ink"), _address(address_of(step))],
        typed,
        [Content.styled(code, "bold $ink-bright")] if letters else [],
        [Content.styled(valid.format(n=left) if left else _("The code is no longer valid."), "$ink-dim")],
    ]


def _browser(step: BrowserAddress) -> list[list[Content]]:
    what = (
        _("Sign in in your browser: this page was opened there.")
        if step.opened
        else _("Open this page on this machine and sign in:")
    )
    return [
        [Content.styled(what, "$ink")],
        [_address(address_of(step))],
        [Content.styled(_("It goes on by itself; y copies the address."), "$ink-dim")],
    ]


def _address(address: str) -> Content:
    """An address whose host stands out; nothing here opens it."""
    scheme, separator, rest = address.partition("://")
    if scheme.casefold() not in {"https", "http"} or not separator:
        return Content.styled(_("{address} (no web address)").format(address=address), "$severity-medium")
    end = next((at for at, each in enumerate(rest) if each in "/?#"), len(rest))
    return Content.assemble(
        (scheme + separator, "$ink-soft"), (rest[:end], "bold $ink-bright"), (rest[end:], "$ink-soft")
    )


def _centred(paragraphs: Sequence[Sequence[Content]], width: int, *, roomy: bool) -> Content:
    lines: list[Content] = []
    for each in filter(None, paragraphs):
        if roomy:
            lines.append(Content(""))
        for line in each:
            lines += _in_the_middle(line, width)
    return Content("\n").join(lines)


def _in_the_middle(line: Content, width: int) -> list[Content]:
    if line.cell_length <= width:
        return [line.pad_left((width - line.cell_length) // 2)]
    parts = line.wrap(max(1, width))
    if " " not in line.plain:  # an address goes on where the line before ended
        return list(parts)
    return [part.pad_left(max(0, width - part.cell_length) // 2) for part in parts]
