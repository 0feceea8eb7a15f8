"""Words, numbers and times in the user's language.

The language is resolved and activated once, before the command line is imported, because help texts are translated
when their module is imported. What a row needs before the first paint (`number`, `percent`, `short_age`, `clock`) is
formatted here with the catalogue alone; what reads like prose comes from babel and humanize, imported when asked for.
Every datetime handed in is aware.
"""

from __future__ import annotations

import gettext as _gettext
import os
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

Language = Literal["en", "de"]

DOMAIN: Final = "omconsole"
LANGUAGES: Final[tuple[Language, ...]] = ("en", "de")
LOCALE_DIRECTORY: Final = Path(__file__).parent / "locale"

_SETTINGS_BYTES: Final = 1_000_000
# English follows British habits: a 24-hour clock, and the day before the month's name.
_CLDR: Final[dict[Language, str]] = {"en": "en_GB", "de": "de_DE"}

_translations: _gettext.NullTranslations = _gettext.NullTranslations()
_language: Language = "en"


def _(message: str) -> str:
    """Return a message in the active language, itself where the catalogue has none."""
    return _translations.gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: int) -> str:
    """Return the form of a message for the number `n` in the active language."""
    return _translations.ngettext(singular, plural, n)


def pgettext(context: str, message: str) -> str:
    """Return a message whose English words alone would be ambiguous."""
    return _translations.pgettext(context, message)


def N_(message: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Mark a message that a table holds; what shows the table translates it with `_`."""
    return message


def activate(language: str | None) -> None:
    """Make `en` or `de` the language of this process; None and any other name stand for English.

    A catalogue that has not been compiled leaves the English words.
    """
    global _language, _translations  # noqa: PLW0603 - one language for the process, as with setlocale
    _language = _supported(language) or "en"
    _translations = _catalogue(_language)
    # click asks gettext's current domain in the language of the environment, each time it speaks.
    _gettext.bindtextdomain(DOMAIN, LOCALE_DIRECTORY)
    _gettext.textdomain(DOMAIN)
    os.environ["LANGUAGE"] = _language


def language() -> Language:
    """Return the active language."""
    return _language


def resolve_language(argv: Sequence[str], environ: Mapping[str, str]) -> Language:
    """Return the language of a run: `--lang`, OMCONSOLE_LANG, the settings file, the locale of the system, English.

    A value that is neither `en` nor `de` is passed over here; the command line and the settings refuse it with words.
    """
    asked = (
        _supported(_option(argv, "--lang"))
        or _supported(environ.get("OMCONSOLE_LANG"))
        or _supported(_language_in_file(_option(argv, "--config"), environ))
    )
    if asked:
        return asked
    system = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return _supported(system.replace("-", "_").split("_")[0].split(".")[0]) or "en"


def number(n: int) -> str:
    """Return a whole number with its digits grouped: `18,204`, `18.204`."""
    return f"{n:,}".replace(",", pgettext("between groups of digits", ","))


def percent(x: float, digits: int = 1) -> str:
    """Return a share that is already in percent: 93.1 gives `93.1 %`, `93,1 %`."""
    return _("{number} %").format(number=decimal(x, digits))


def decimal(x: float, digits: int = 1) -> str:
    """Return a number with a fixed count of decimals: `1,234.5`, `1.234,5`."""
    whole, _dot, fraction = f"{x:,.{digits}f}".partition(".")
    grouped = whole.replace(",", pgettext("between groups of digits", ","))
    return grouped + pgettext("before decimals", ".") + fraction if fraction else grouped


def short_age(seconds: float) -> str:
    """Return an age for a narrow column, rounded down: `now` below a minute, `32 m`, `5 h`, `2 d`.

    A negative age, which clocks that differ produce, is `now`.
    """
    minutes = int(seconds // 60)
    if minutes < 1:
        return _("now")
    if minutes < 60:
        return _("{n} m").format(n=minutes)
    if minutes < 24 * 60:
        return _("{n} h").format(n=minutes // 60)
    return _("{n} d").format(n=number(minutes // (24 * 60)))


def clock(at: datetime, tz: tzinfo) -> str:
    """Return the time of day in `tz`: `09:41`."""
    return _local(at, tz).strftime("%H:%M")


def date_long(at: datetime, tz: tzinfo) -> str:
    """Return the date in `tz` with the month as a word: `22 November 2025`, `22. November 2025`."""
    from babel.dates import format_date

    return format_date(_local(at, tz), "long", locale=_CLDR[_language])


def datetime_medium(at: datetime, tz: tzinfo) -> str:
    """Return date and time in `tz` to the minute: `22 Nov 2025, 09:41`, `22.11.2025, 09:41`."""
    from babel.dates import format_date

    day = format_date(_local(at, tz), "medium", locale=_CLDR[_language])
    return _("{date}, {time}").format(date=day, time=clock(at, tz))


def natural_age(at: datetime, now: datetime) -> str:
    """Return how long ago `at` is as one says it: `14 minutes ago`, `vor 14 Minuten`; a later `at` is `in 3 days`."""
    from babel.dates import format_timedelta  # humanize's German is in the wrong case: "vor 2 Tage"

    delta = at - now
    if abs(delta.total_seconds()) < 1:
        return _("now")
    return format_timedelta(delta, add_direction=True, threshold=1, locale=_CLDR[_language])


def natural_size(size: int) -> str:
    """Return a count of bytes in decimal units: `1.2 MB`, `1,2 MB`."""
    from humanize import naturalsize

    _activate_humanize()
    return naturalsize(size).replace(".", pgettext("before decimals", "."))


def _activate_humanize() -> None:
    from humanize.i18n import activate as humanize_activate

    # humanize keeps its language per thread, and looks a loaded catalogue up only.
    humanize_activate(_CLDR[_language])


def _local(at: datetime, tz: tzinfo) -> datetime:
    if at.tzinfo is None:
        raise ValueError("the datetime is not aware")
    return at.astimezone(tz)


def _supported(name: object) -> Language | None:
    return next((language for language in LANGUAGES if language == name), None)


@cache
def _catalogue(name: Language) -> _gettext.NullTranslations:
    return _gettext.translation(DOMAIN, LOCALE_DIRECTORY, languages=[name], fallback=True)


def _option(argv: Sequence[str], name: str) -> str | None:
    """Return the last value of an option, as `--name value` or `--name=value`; what follows `--` is no option."""
    found = None
    for i, word in enumerate(argv):
        if word == "--":
            break
        if word == name and i + 1 < len(argv):
            found = argv[i + 1]
        elif word.startswith(f"{name}="):
            found = word.partition("=")[2]
    return found


def _language_in_file(option: str | None, environ: Mapping[str, str]) -> object:
    """Return `language` of the settings file; loading the settings refuses, later, a file that cannot be read."""
    from omconsole.paths import config_file

    try:
        with config_file(environ, option).open("rb") as file:
            return tomllib.loads(file.read(_SETTINGS_BYTES).decode()).get("language")
    except (OSError, ValueError, RecursionError):
        return None


CLICK_SENTENCES: Final = (
    N_("Usage:"),
    N_("Options"),
    N_("Commands"),
    N_("Show the version and exit."),
    N_("Show this message and exit."),
    N_("Missing argument"),
    N_("Missing command."),
    N_("No such command {name!r}."),
    N_("No such option {name!r}."),
    N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("Option {name!r} does not take a value."),
    N_("Choose from:\n\t{choices}"),
    N_("{value!r} is not a valid {number_type}."),
    N_("{value} is not in the range {range}."),
    ngettext("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})", 1),
    ngettext("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments.", 1),
    ngettext("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)", 1),
    ngettext("{value!r} is not {choice}.", "{value!r} is not one of {choices}.", 1),
)
"""What click itself says to a user of this command line; named here so that the catalogue holds it."""
