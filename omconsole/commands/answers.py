"""Questions of `omconsole setup`: asked again, with the reason, until the answer holds; options are checked alike."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

import click

from omconsole.commands.output import print_columns, say
from omconsole.config import values
from omconsole.config.file import Place
from omconsole.config.sign_in import METHODS
from omconsole.errors import ConsoleError, SettingsError, UsageError
from omconsole.i18n import _, pgettext
from omconsole.paths import DEMO_PROFILE, validate_profile_name
from omconsole.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

WAYS: Final = tuple(each for each in METHODS if each != "token")
"""The ways of signing in that can be set up; a ready token needs no setting."""
_GUID: Final = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_DOMAIN: Final = r"(?=.{4,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"


def ask(question: str, check: Callable[[str], str], default: str | None = None) -> str:
    """Return an answer that holds; a bad one is told why, and the question comes again."""
    while True:
        answer = click.prompt(question, default=default, type=str)
        try:
            return check(answer.strip())
        except ConsoleError as error:
            say(f"  {error.what}")
            if error.do:
                say(f"  {error.do}")


def agree(question: str) -> bool:
    """Return whether the person says yes, which is what an empty answer means."""
    yes, no = pgettext("a letter for yes", "y"), pgettext("a letter for no", "n")

    def check(answer: str) -> str:
        word = answer.casefold()[:1]
        if word not in {yes, no, "y"}:
            raise UsageError(_("Answer {yes} or {no}.").format(yes=yes, no=no))
        return word

    return ask(question, check, yes) != no


def ask_way(usual: str) -> str:
    """Return the way of signing in, chosen by its number or name."""
    words = {
        "device-code": _("people, with a code in any browser; also over SSH"),
        "browser": _("people, with the browser of this machine"),
        "client-secret": _("an application with a secret; no person"),
        "certificate": _("an application with a certificate; no person, for the poller as a service"),
        "managed-identity": _("a machine in Azure by its own identity; no person, no secret"),
    }
    say(_("Who signs in, and how?"))
    print_columns([(f"  {number}", way, words[way]) for number, way in enumerate(WAYS, 1)])
    numbers = {str(number): each for number, each in enumerate(WAYS, 1)}
    return ask(_("Way of signing in"), lambda answer: way(numbers.get(answer, answer), ""), usual)


def tenant(answer: str) -> str:
    """Return a tenant: its id, or one of its domains.

    Raises:
        UsageError: it is neither.
    """
    if re.fullmatch(f"{_GUID}|{_DOMAIN}", answer):
        return answer.lower()
    raise UsageError(
        _("“{value}” is neither a tenant ID nor a domain.").format(value=sanitize(answer, 60)),
        _("Write the ID from the overview page of Microsoft Entra ID, or a domain as in contoso.onmicrosoft.com."),
    )


def client_id(answer: str) -> str:
    """Return the application (client) ID of an app registration.

    Raises:
        UsageError: it is no GUID.
    """
    if re.fullmatch(_GUID, answer):
        return answer.lower()
    raise UsageError(
        _("“{value}” is no application (client) ID.").format(value=sanitize(answer, 60)),
        _("Copy it from the overview page of the app registration; it is a GUID of 36 characters."),
    )


def way(answer: str, option: str = "--auth") -> str:
    """Return a way of signing in.

    Args:
        answer: its name.
        option: by which it was told; empty when it was asked for.

    Raises:
        UsageError: it is none that can be set up.
    """
    return values.choice(answer, WAYS, (), Place("", option)) or answer


def profile_name(answer: str, taken: Collection[str], *, replace: bool) -> str:
    """Return a name for the profile.

    Raises:
        UsageError: no profile can be named so, or there is such a one.
    """
    validate_profile_name(answer)
    if answer == DEMO_PROFILE:
        raise UsageError(_("“demo” is the built-in profile of the simulated tenant."), _("Choose another name."))
    if answer in taken and not replace:
        raise UsageError(
            _("There is a profile “{name}” already.").format(name=answer),
            _("Choose another name, or put the new profile into its place with --replace."),
        )
    return answer


def readable_file(answer: str) -> str:
    """Return the absolute path of a file that can be read.

    Raises:
        UsageError: there is none.
    """
    path = os.path.abspath(os.path.expanduser(answer))
    if os.path.isfile(path) and os.access(path, os.R_OK):
        return path
    raise UsageError(
        _("There is no file {path} that can be read.").format(path=sanitize(path)),
        _("Check the path; a relative one is meant from the directory in which this command runs."),
    )


def variable(answer: str) -> str:
    """Return the name of a variable of the environment.

    Raises:
        UsageError: it is not such a name; what was typed, a secret perhaps, is not shown.
    """
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,100}", answer):
        return answer
    raise UsageError(
        _("This is not the name of a variable."),
        _("Write the variable's name here; the secret itself stands in the environment alone."),
    )


def name_for(tenant_: str, taken: Collection[str]) -> str:
    """Return a name to propose for the profile: the beginning of the tenant's domain."""
    label = re.sub(r"[^a-z0-9_-]", "", tenant_.partition(".")[0])[:30] if "." in tenant_ else "tenant"
    free = (f"{label}{n}" if n > 1 else label for n in range(1, 1000))
    return next(name for name in free if name not in taken and name != DEMO_PROFILE)


def checked_addresses(told: dict[str, str | None]) -> dict[str, str]:
    """Return the keys of a profile that lead to the tenant, as options gave them.

    Args:
        told: by the key's name; None where the option is not given.

    Raises:
        SettingsError: one cannot be used; it is told by the option's name.
    """
    checks: dict[str, Callable[[str, Place], str]] = {
        "cloud": lambda value, place: values.choice(value, tuple(values.CLOUDS), (), place) or value,
        "authority": values.https_address,
        "graph_url": values.graph_root,
        "proxy": values.proxy_url,
        "ca_file": _option_file,
    }
    return {
        key: checks[key](value, Place("", f"--{key.replace('_', '-')}"))
        for key, value in told.items()
        if value is not None
    }


def _option_file(value: str, place: Place) -> str:
    try:
        return readable_file(value)
    except UsageError as error:
        raise SettingsError(f"{place.key}: {error.what}", error.do) from error
