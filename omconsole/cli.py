"""The command line: thin. It imports what a command needs when the command runs (design.md §5)."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from omconsole import __version__
from omconsole.errors import ConsoleError
from omconsole.i18n import _
from omconsole.verbs import VERBS, help_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType

    from omconsole.config import Settings
    from omconsole.signals.reading import Mode

GROUPINGS = ("cause", "device", "user", "policy", "app", "platform")
"""Those of `omconsole.domain.grouping`, which help texts do not wait for."""

SCENARIOS = ("calm", "busy", "storm", "story")
"""Those of `omconsole.simulator.scenarios`, which is not everywhere installed."""

WAYS = ("device-code", "browser", "client-secret", "certificate", "managed-identity")
"""Those of `omconsole.config.sign_in` that can be set up."""

CLOUDS = ("global", "us-gov", "us-dod", "china")
"""Those of `omconsole.config.values`."""

COMMON: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--profile",), {"metavar": "NAME", "help": _("The tenant's profile in the settings file.")}),
    (("--config",), {"metavar": "FILE", "help": _("The settings file.")}),
    (("--state-dir",), {"metavar": "DIR", "help": _("Where the state is kept, a folder for each profile.")}),
    (("--lang",), {"metavar": "en|de", "help": _("The language.")}),
    (("--theme",), {"metavar": "dark|light", "help": _("The colours.")}),
    (("--as", "as_user"), {"metavar": "NAME", "help": _("Who acts, for the history.")}),
    (("--read-only",), {"is_flag": True, "help": _("Write nothing to Graph (the default); triage works.")}),
    (("--view-only",), {"is_flag": True, "help": _("No verbs at all.")}),
)
"""Options that stand before or after the command."""


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the common options; what it is told overrides what stood before it."""
    for names, attributes in reversed(COMMON):
        command = click.option(*names, **{"default": None, **attributes})(command)
    return command


class Told:
    """The common options as told before and after the command; option beats environment beats file."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._settings: Settings | None = None

    def add(self, values: dict[str, Any]) -> None:
        """Take the options out of a command's arguments."""
        for name in ("profile", "config", "state_dir", "lang", "theme", "as_user", "read_only", "view_only"):
            value = values.pop(name, None)
            if value is not None:
                self._values[name] = value

    def get(self, name: str) -> Any:
        return self._values.get(name)

    def use(self, profile: str) -> None:
        """Act for this profile whatever the options say."""
        self._values["profile"] = profile

    def settings_of(self, profile: str) -> Settings:
        """The settings of this run with another profile."""
        self.use(profile)
        return self.settings()

    def settings(self) -> Settings:
        """The settings of this run, and the language they name."""
        from omconsole.config import Options, load
        from omconsole.i18n import activate

        options = Options(
            profile=self.get("profile"),
            state_dir=self.get("state_dir"),
            lang=self.get("lang"),
            theme=self.get("theme"),
            read_only=bool(self.get("read_only")),
        )
        config = self.get("config")
        self._settings = load(Path(config) if config else None, os.environ, options)
        activate(self._settings.language)
        return self._settings

    @property
    def view_only(self) -> bool:
        return bool(self.get("view_only"))

    @property
    def login(self) -> tuple[str, str]:
        """Who acts: the login for the table of persons, and the name to show."""
        from omconsole.commands.actor import acting_person

        return acting_person(self.get("as_user"), os.environ, self._settings)


pass_told = click.make_pass_decorator(Told, ensure=True)


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_("The operations and maintenance console of a Microsoft Intune tenant. Without a command: the console."),
)
@click.version_option(__version__, prog_name="omconsole", message="%(prog)s %(version)s")
@common
@click.pass_context
def main(context: click.Context, /, **options: Any) -> None:
    told = context.ensure_object(Told)
    told.add(options)
    if context.invoked_subcommand is None:
        from omconsole.commands.console import run_console

        context.exit(run_console(told.settings(), told.login, view_only=told.view_only))


@main.command(help=_("The console on a simulated tenant: no network, no sign-in."))
@click.option("--devices", type=click.IntRange(1, 200_000), help=_("How many devices (5000)."))
@click.option("--seed", type=int, help=_("Another world."))
@click.option("--scenario", type=click.Choice(SCENARIOS), help=_("How much is wrong (story)."))
@click.option("--fresh", is_flag=True, help=_("Start anew; the state so far is moved aside."))
@common
@pass_told
def demo(
    told: Told, /, devices: int | None, seed: int | None, scenario: str | None, fresh: bool, **options: Any
) -> None:
    from omconsole.commands.console import run_console
    from omconsole.demo import keep_world

    told.add(options)
    told.use("demo")
    settings = told.settings()
    keep_world(settings.state_directory, devices=devices, seed=seed, scenario=scenario, fresh=fresh)
    click.get_current_context().exit(run_console(settings, told.login, view_only=told.view_only))


@main.command(help=_("Set up a tenant: register the app, write the settings file, ask for consent, sign in."))
@click.option("--tenant", metavar="ID|DOMAIN", help=_("The tenant."))
@click.option("--client-id", metavar="ID", help=_("The application (client) ID of the app registration."))
@click.option("--auth", type=click.Choice(WAYS), help=_("The way of signing in."))
@click.option("--cloud", type=click.Choice(CLOUDS), help=_("The national cloud (global)."))
@click.option("--authority", metavar="URL", help=_("Another sign-in server."))
@click.option("--graph-url", metavar="URL", help=_("Another root of Microsoft Graph."))
@click.option("--ca-file", metavar="FILE", help=_("Certificates to trust."))
@click.option("--proxy", metavar="URL", help=_("The proxy."))
@click.option("--certificate-file", metavar="FILE", help=_("The private key and the certificate that sign in."))
@click.option("--certificate-passphrase-env", metavar="NAME", help=_("The variable that holds its passphrase."))
@click.option("--secret-env", metavar="NAME", help=_("The variable that holds the client secret."))
@click.option("--replace", is_flag=True, help=_("Put the profile into the place of one of that name."))
@click.option("--yes", is_flag=True, help=_("Sign in without asking first."))
@click.option("--no-sign-in", is_flag=True, help=_("Write the settings, and do not sign in."))
@common
@pass_told
def setup(told: Told, /, **options: Any) -> None:
    from omconsole.commands.setup import Wishes, run_setup

    told.add(options)
    wishes = Wishes(profile=told.get("profile"), lang=told.get("lang"), config=told.get("config"), **options)
    click.get_current_context().exit(run_setup(wishes, told.settings_of, os.environ))


@main.command(help=_("Sign in to the tenant, as the profile says."))
@click.option("--json", "as_json", is_flag=True, help=_("JSON on standard output."))
@common
@pass_told
def login(told: Told, /, as_json: bool, **options: Any) -> None:
    from omconsole.commands.sign_in import run_login

    told.add(options)
    click.get_current_context().exit(run_login(told.settings(), as_json=as_json))


@main.command(help=_("Remove the tokens of the profile from this machine."))
@click.option("--json", "as_json", is_flag=True, help=_("JSON on standard output."))
@common
@pass_told
def logout(told: Told, /, as_json: bool, **options: Any) -> None:
    from omconsole.commands.sign_in import run_logout

    told.add(options)
    click.get_current_context().exit(run_logout(told.settings(), as_json=as_json))


@main.command(help=_("The poller without a console."))
@click.option("--once", is_flag=True, help=_("One round, then end."))
@click.option("--increment", is_flag=True, help=_("Read what changed instead of whole lists."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a round on standard output."))
@common
@pass_told
def poll(told: Told, /, once: bool, increment: bool, as_json: bool, **options: Any) -> None:
    from omconsole.commands.poll import run_poll

    told.add(options)
    mode: Mode = "increment" if increment else "sweep"
    click.get_current_context().exit(run_poll(told.settings(), told.login, once=once, mode=mode, as_json=as_json))


@main.command("list", help=_("List alerts, issues, updates, the checklist or sources in order of priority."))
@click.argument("what", type=click.Choice(["alerts", "issues", "updates", "checklist", "sources"]))
@click.option("--filter", "expression", default="", metavar="EXPR", help=_("Only rows that this filter shows."))
@click.option("--group-by", type=click.Choice(GROUPINGS), help=_("Rows that share this, as one group."))
@click.option("--all", "every", is_flag=True, help=_("Resolved ones too."))
@click.option("--json", "as_json", is_flag=True, help=_("JSON on standard output."))
@common
@pass_told
def list_(told: Told, /, **options: Any) -> None:
    from omconsole.commands.listing import Listing, run_list

    told.add(options)
    click.get_current_context().exit(run_list(told.settings(), told.login, Listing(**options)))


@main.command(help=_("Show one item, post or task of the checklist with its history."))
@click.argument("id_", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help=_("JSON on standard output."))
@common
@pass_told
def show(told: Told, /, id_: str, as_json: bool, **options: Any) -> None:
    from omconsole.commands.showing import run_show

    told.add(options)
    click.get_current_context().exit(run_show(told.settings(), told.login, id_, as_json=as_json))


def _verb_command(name: str, help_: str) -> None:
    """One command for a triage verb of the table."""

    @main.command(name, help=help_)
    @click.argument("ids", nargs=-1, metavar="ID...")
    @click.option("--why", help=_("The reason, or the note's text."))
    @click.option("--filter", "expression", metavar="EXPR", help=_("The rows that this filter shows, in place of ids."))
    @click.option("--yes", is_flag=True, help=_("Do it even for more than 20 rows."))
    @click.option("--json", "as_json", is_flag=True, help=_("JSON on standard output."))
    @common
    @pass_told
    def run_verb(told: Told, /, ids: tuple[str, ...], **options: Any) -> None:
        from omconsole.commands.act import Wish, act

        told.add(options)
        wish = Wish(name, ids, options["why"], options["expression"], options["yes"])
        status = act(told.settings(), told.login, wish, view_only=told.view_only, as_json=options["as_json"])
        click.get_current_context().exit(status)


for _each in VERBS:
    if _each.cli:
        _verb_command(_each.command, help_text(_each))


@main.command(help=_("The simulated tenant over HTTP."))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help=_("The port on 127.0.0.1; 0: a free one."))
@click.option("--devices", type=click.IntRange(1, 200_000), default=2000, help=_("How many devices (2000)."))
@click.option("--seed", type=int, default=1, help=_("Another world."))
@click.option("--scenario", type=click.Choice(SCENARIOS), default="busy", help=_("How much is wrong (busy)."))
@click.option("--epoch", type=click.DateTime(), help=_("When the world began, UTC (today's midnight)."))
@click.option("--tls", is_flag=True, help=_("HTTPS, as sign-in needs it; the first line names the CA file to trust."))
@click.option(
    "--fault", "faults", multiple=True, metavar="SPEC", help=_("What goes wrong; may be repeated. All of them: list.")
)
@click.option("--without", multiple=True, metavar="PERMISSION", help=_("Not consented to; may be repeated."))
@click.option("--token-lifetime", "token_lifetime_s", type=click.IntRange(1), help=_("Of access tokens, in seconds."))
@common
@pass_told
def simulate(told: Told, /, epoch: datetime | None, **options: Any) -> None:
    from omconsole.commands.simulate import Wanted, run_simulator

    wanted = Wanted(**{name: options.pop(name) for name in Wanted._fields})
    told.add(options)
    begins = epoch.replace(tzinfo=UTC) if epoch else None
    click.get_current_context().exit(run_simulator(wanted, epoch=begins, **options))


@main.command(help=_("Where files lie."))
@click.option("--json", "as_json", is_flag=True, help=_("JSON on standard output."))
@common
@pass_told
def paths(told: Told, /, as_json: bool, **options: Any) -> None:
    from omconsole.commands.doctor import run_paths

    told.add(options)
    click.get_current_context().exit(run_paths(told.settings, told.get("config"), as_json=as_json))


@main.command(help=_("The keys."))
@click.option("--md", "as_markdown", is_flag=True, help=_("As a Markdown table."))
@common
@pass_told
def keys(told: Told, /, as_markdown: bool, **options: Any) -> None:
    from omconsole.commands.doctor import run_keys

    told.add(options)
    click.get_current_context().exit(run_keys(as_markdown=as_markdown))


@main.command(help=_("Check settings, state and terminal."))
@click.option("--probe", is_flag=True, help=_("Ask the tenant what no documentation settles; reads only."))
@click.option("--json", "as_json", is_flag=True, help=_("JSON on standard output."))
@common
@pass_told
def doctor(told: Told, /, probe: bool, as_json: bool, **options: Any) -> None:
    from omconsole.commands.doctor import run_doctor

    told.add(options)
    click.get_current_context().exit(run_doctor(told.settings, as_json=as_json, probe=probe))


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit status. Errors are two lines on standard error: what, and what to do."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without ● shows ? in its place
    try:
        status = main.main(list(arguments), prog_name="omconsole", standalone_mode=False, obj=Told())
    except Exception as error:  # noqa: BLE001 - told to the user, whatever it is
        return failed(error)
    return status if isinstance(status, int) else 0


def failed(error: BaseException) -> int:
    """Tell what ended a command; returns the exit status that it deserves."""
    if isinstance(error, ConsoleError):
        tell(error)
        return error.exit_code
    if isinstance(error, click.UsageError):
        return _usage(error)
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return 130
    if isinstance(error, BrokenPipeError):
        _forget_output()
        return 141
    return _unexpected(error)


def _unexpected(error: BaseException) -> int:
    """Tell that the output cannot be written, or else an error of the program itself, never the values of variables."""
    from omconsole.commands.output import print_json
    from omconsole.crash import crash_report, crash_text

    if isinstance(error, OSError) and _raised_in(error) in {click.echo.__code__, print_json.__code__}:
        _forget_output()
        what = _("The output cannot be written: {reason}.").format(reason=error.strerror or type(error).__name__)
        tell(ConsoleError(what, _("Check where it is sent, and whether there is room.")))
    else:
        click.echo(crash_report(crash_text(error)), nl=False, err=True)
    return 1


def _raised_in(error: BaseException) -> CodeType | None:
    """The innermost function that an error came from."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code if trace is not None else None


def _forget_output() -> None:
    """Nobody takes our output any more; the interpreter must not complain about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell(error: ConsoleError) -> None:
    """The two lines of an error on standard error."""
    for line in (error.what, error.do):
        if line:
            click.echo(line, err=True)


def _usage(error: click.UsageError) -> int:
    click.echo(" ".join(error.format_message().split()), err=True)
    name = error.ctx.command_path if error.ctx else "omconsole"
    click.echo(_("Try “{command} --help”.").format(command=name), err=True)
    return 2
