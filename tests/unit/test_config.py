"""Settings are right, or refused with file, key and what to do."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from omconsole.config import CLOUDS, Options, Secret, Thresholds, load
from omconsole.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from omconsole.config import Settings


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., Settings]:
    """Returns a function that loads a text as the settings file."""

    def settings_of(text: str | bytes, environ: dict[str, str] | None = None, **options: object) -> Settings:
        file = tmp_path / "c.toml"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return load(file, environ or {}, Options(**options))  # type: ignore[arg-type]

    return settings_of


@pytest.fixture
def refused(settings_of: Callable[..., Settings]) -> Callable[..., SettingsError]:
    """Returns a function that gives the refusal of a text as the settings file."""

    def refused(text: str | bytes, environ: dict[str, str] | None = None, **options: object) -> SettingsError:
        with pytest.raises(SettingsError) as caught:
            settings_of(text, environ, **options)
        assert caught.value.exit_code == 2
        assert caught.value.do
        assert "\n" not in caught.value.what + caught.value.do
        return caught.value

    return refused


def test_everything_that_can_be_set(settings_of: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    settings = settings_of(
        """
        default_profile = "contoso"
        language = "de"
        timezone = "Europe/Berlin"
        start = "dashboard"
        theme = "light"
        [profiles.contoso]
        tenant_id = "8f1c6c6a-0000-4000-8000-000000000001"
        client_id = "contoso.onmicrosoft.com"
        auth = "token"
        cloud = "us-gov"
        ca_file = "ca.pem"
        proxy = "http://proxy.example.com:8080"
        read_only = false
        state_dir = "state"
        security_alerts = false
        poll = { devices = "15m", overview = "1h30m", messages = "90s", service = "1m" }
        [profiles.contoso.thresholds]
        stale_days = [14, 60]
        connector_days = [90, 45, 20, 5]
        cause_min = 10
        cause_high_percent = 2
        cause_critical_percent = 7.5
        [profiles.other]
        """,
        {"OMCONSOLE_TOKEN": " ey.J.x\n"},
    )
    profile = settings.profile
    assert (settings.profile_name, settings.language, settings.timezone) == ("contoso", "de", "Europe/Berlin")
    assert (settings.start, settings.theme, settings.config_file) == ("dashboard", "light", tmp_path / "c.toml")
    assert settings.state_directory == tmp_path / "state" / "contoso"
    assert settings.token is not None
    assert settings.token.reveal() == "ey.J.x"
    assert profile.graph_url == "https://graph.microsoft.us"
    assert profile.ca_file == tmp_path / "ca.pem"
    assert profile.poll == {"devices": 900, "overview": 5400, "messages": 90, "service": 60}
    assert profile.thresholds == Thresholds((14, 60), (90, 45, 20, 5), 10, 2.0, 7.5)
    assert not profile.read_only
    assert not profile.security_alerts


def test_what_holds_without_a_word(settings_of: Callable[..., Settings], own_home: Path) -> None:
    settings = settings_of('[profiles.contoso]\ntenant_id = "x"')
    assert settings.profile_name == "contoso"
    assert (settings.language, settings.timezone, settings.theme, settings.token) == (
        "en",
        settings.timezone,
        None,
        None,
    )
    assert settings.profile.graph_url == CLOUDS["global"]
    assert settings.profile.read_only
    assert settings.profile.security_alerts
    assert settings.profile.thresholds == Thresholds((30, 90), (60, 30, 14, 7), 5, 1.0, 5.0)
    assert settings.state_directory.is_relative_to(own_home)
    assert not settings.is_demo


def test_option_then_environment_then_file(settings_of: Callable[..., Settings]) -> None:
    text = 'default_profile = "a"\nlanguage = "de"\n[profiles.a]\ntenant_id = "x"\nread_only = false\n'
    text += '[profiles.b]\ntenant_id = "y"\n[profiles.c]\ntenant_id = "z"\n'
    environ = {"OMCONSOLE_PROFILE": "b", "OMCONSOLE_LANG": "en", "OMCONSOLE_STATE_DIR": "/e"}
    given = settings_of(text, environ, profile="c", lang="de", state_dir="/o")
    assert (given.profile_name, given.language, given.state_directory) == ("c", "de", Path("/o/c"))
    given = settings_of(text, environ)
    assert (given.profile_name, given.language, given.state_directory) == ("b", "en", Path("/e/b"))
    given = settings_of(text)
    assert (given.profile_name, given.language, given.profile.read_only) == ("a", "de", False)
    assert settings_of(text, read_only=True).profile.read_only


def test_the_demo_needs_no_file() -> None:
    settings = load(None, {}, Options(profile="demo"))
    assert settings.is_demo
    assert settings.state_directory.name == "demo"
    assert settings.config_file is None


def test_without_a_profile_the_way_on_is_told(refused: Callable[..., SettingsError], own_home: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(None, {})
    assert str(own_home) in caught.value.what
    for part in ("omconsole demo", "omconsole setup"):
        assert part in caught.value.do
    assert "omconsole demo" in refused('language = "en"').do
    assert "a, b" in refused("[profiles.a]\n[profiles.b]").do


def test_a_profile_that_is_used_names_its_tenant(
    refused: Callable[..., SettingsError], settings_of: Callable[..., Settings]
) -> None:
    error = refused('[profiles.a]\nauth = "token"')
    assert "c.toml: profiles.a.tenant_id: " in error.what
    assert "Entra" in error.do
    assert settings_of('[profiles.a]\nauth = "token"', profile="demo").is_demo


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    for path, environ in ((tmp_path / "no.toml", {}), (None, {"OMCONSOLE_CONFIG": str(tmp_path / "no.toml")})):
        with pytest.raises(SettingsError, match=r"no\.toml") as caught:
            load(path, environ, Options(profile="demo"))
        assert "--config" in caught.value.do


@pytest.mark.parametrize(
    ("text", "key", "meant"),
    [
        ('langage = "de"', "langage", "“language”"),
        ("[profile.a]", "profile", "“profiles”"),
        ('[profiles.a]\ngraphurl = "x"', "profiles.a.graphurl", "“profiles.a.graph_url”"),
        ('[profiles.a.poll]\ndevice = "5m"', "profiles.a.poll.device", "“profiles.a.poll.devices”"),
        (
            "[profiles.a.thresholds]\nstale_day = [1, 2]",
            "profiles.a.thresholds.stale_day",
            "“profiles.a.thresholds.stale_days”",
        ),
        ("zzz = 1", "zzz", "default_profile"),
    ],
)
def test_an_unknown_key_names_the_nearest(
    refused: Callable[..., SettingsError], text: str, key: str, meant: str
) -> None:
    error = refused(text)
    assert f"c.toml: {key}: unknown key" in error.what
    assert meant in error.do


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("history_days = 400", "history_days"),
        ('business_hours = "Mon-Fri 08:00-17:00"', "business_hours"),
        ('[profiles.a]\nstate_group = "ops"', "profiles.a.state_group"),
        ("[profiles.a.thresholds]\nupdate_days = [30, 14, 7]", "profiles.a.thresholds.update_days"),
        ("[timers]", "timers"),
    ],
)
def test_a_key_of_a_later_version_is_told_as_such(refused: Callable[..., SettingsError], text: str, key: str) -> None:
    assert f"{key}: this key is known, but not available in this version" in refused(text).what


@pytest.mark.parametrize("key", ["token", "client_secret", "Password"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(refused: Callable[..., SettingsError], key: str) -> None:
    error = refused(f'[profiles.a]\n{key} = "hush"')
    assert f"profiles.a.{key}" in error.what
    assert "OMCONSOLE_TOKEN" in error.do
    assert "hush" not in error.what + error.do


@pytest.mark.parametrize(
    ("text", "key", "expected", "found"),
    [
        ("language = 1", "language", "text in quotes", "whole number"),
        ("profiles = 1", "profiles", "table", "whole number"),
        ("[profiles]\na = 'x'", "profiles.a", "table", "text in quotes"),
        ("[profiles.a]\nread_only = 1", "profiles.a.read_only", "true or false", "whole number"),
        ("[profiles.a]\npoll = 5", "profiles.a.poll", "table", "whole number"),
        ("[profiles.a.poll]\ndevices = 900", "profiles.a.poll.devices", "text in quotes", "whole number"),
        ("[profiles.a.thresholds]\nstale_days = 30", "profiles.a.thresholds.stale_days", "list", "whole number"),
        ("[profiles.a.thresholds]\ncause_min = 5.5", "profiles.a.thresholds.cause_min", "whole number", "a number"),
        (
            "[profiles.a.thresholds]\ncause_high_percent = '1'",
            "profiles.a.thresholds.cause_high_percent",
            "number",
            "text",
        ),
        (
            "[profiles.a.thresholds]\nstale_days = [1, true]",
            "profiles.a.thresholds.stale_days",
            "whole number",
            "true or false",
        ),
        ("[profiles.a]\ntenant_id = 2025-01-01", "profiles.a.tenant_id", "text in quotes", "date"),
    ],
)
def test_a_wrong_type_names_both(
    refused: Callable[..., SettingsError], text: str, key: str, expected: str, found: str
) -> None:
    what = refused(text).what
    assert f"c.toml: {key}: " in what
    assert what.index(expected) < what.index(found, what.index(expected) + len(expected))


@pytest.mark.parametrize(
    ("line", "key", "do"),
    [
        ('auth = "magic"', "auth", "device-code"),
        ('token_cache = "keyring"', "token_cache", "file, off"),
        ('authority = "http://login.example"', "authority", "https"),
        ('secret_env = "p@ssw0rd"', "secret_env", "variable"),
        ('secret_command = "pass \'"', "secret_command", "program"),
        ('managed_identity_client_id = "a b"', "managed_identity_client_id", "GUID"),
        ('cloud = "moon"', "cloud", "us-gov"),
        ('tenant_id = "../x"', "tenant_id", "GUID"),
        ('ca_file = "nowhere.pem"', "ca_file", "PEM"),
        ('ca_file = ""', "ca_file", "path"),
        ('state_dir = "a\\u0000b"', "state_dir", "path"),
        ('proxy = ""', "proxy", "http://"),
        ('proxy = "socks5://x:1"', "proxy", "http://"),
        ('proxy = "http://u:hush@x:1"', "proxy", "HTTPS_PROXY"),
        ('proxy = "http://x:1/?key=hush"', "proxy", "http://"),
        ('poll = { devices = "29s" }', "poll.devices", "30s"),
        ('poll = { devices = "25h" }', "poll.devices", "24h"),
        ('poll = { devices = "soon" }', "poll.devices", "15m"),
        ('poll = { devices = "" }', "poll.devices", "15m"),
        ("thresholds = { stale_days = [90, 30] }", "thresholds.stale_days", "[30, 90]"),
        ("thresholds = { stale_days = [30] }", "thresholds.stale_days", "[30, 90]"),
        ('poll = { service = "1s" }', "poll.service", "30s"),
        ("thresholds = { connector_days = [60, 30, 14] }", "thresholds.connector_days", "[60, 30, 14, 7]"),
        ("thresholds = { connector_days = [7, 14, 30, 60] }", "thresholds.connector_days", "[60, 30, 14, 7]"),
        ("thresholds = { connector_days = [60, 30, 14, 0] }", "thresholds.connector_days", "[60, 30, 14, 7]"),
        ("thresholds = { cause_min = 1 }", "thresholds.cause_min", "from 2"),
        ("thresholds = { cause_high_percent = 0 }", "thresholds.cause_high_percent", "up to 100"),
        ("thresholds = { cause_critical_percent = nan }", "thresholds.cause_critical_percent", "up to 100"),
        ("thresholds = { cause_high_percent = 6 }", "thresholds.cause_critical_percent", "cause_high_percent"),
    ],
)
def test_a_value_that_cannot_be(refused: Callable[..., SettingsError], line: str, key: str, do: str) -> None:
    error = refused(f"[profiles.a]\n{line}")
    assert f"c.toml: profiles.a.{key}: " in error.what
    assert do in error.do
    assert "hush" not in error.what + error.do


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/",
        "http://localhost:1",
        "http://[::1]:8080",
        "https://graph.example.com:8443",
        "HTTPS://GRAPH.example.com",
    ],
)
def test_a_root_of_graph(settings_of: Callable[..., Settings], url: str) -> None:
    settings = settings_of(f'[profiles.a]\ntenant_id = "x"\ngraph_url = "{url}"')
    assert settings.profile.graph_url == url.lower().rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "graph.microsoft.com",
        "ftp://graph.microsoft.com",
        "http://graph.microsoft.com",
        "http://127.0.0.1.example.com",
        "https://graph.microsoft.com/v1.0",
        "https://graph.microsoft.com/beta/",
        "https://hush@graph.microsoft.com",
        "https://graph.microsoft.com?token=hush",
        "https://graph.microsoft.com/?token=hush",
        "https://graph.microsoft.com#hush",
        "https://graph.microsoft.com:99999",
        "https://graph microsoft.com",
        "https://[::1",
        "https://",
    ],
)
def test_no_root_of_graph(refused: Callable[..., SettingsError], url: str) -> None:
    error = refused(f'[profiles.a]\ngraph_url = "{url}"')
    assert "profiles.a.graph_url" in error.what
    assert "hush" not in error.what + error.do


@pytest.mark.parametrize("name", ["demo", "A", "a.b"])
def test_a_table_that_is_no_profile(refused: Callable[..., SettingsError], name: str) -> None:
    assert f"profiles.{name}: " in refused(f'[profiles."{name}"]').what


def test_a_profile_that_is_not_there(refused: Callable[..., SettingsError]) -> None:
    text = "[profiles.contoso]\n[profiles.fabrikam]"
    assert "“contoso”" in refused(text, profile="contso").do
    assert "contoso, fabrikam, demo" in refused(text, {"OMCONSOLE_PROFILE": "zzz"}).do
    assert "OMCONSOLE_PROFILE" in refused(text, {"OMCONSOLE_PROFILE": "zzz"}).what
    assert "default_profile" in refused('default_profile = "x"\n' + text).what


def test_words_that_are_not_offered(refused: Callable[..., SettingsError]) -> None:
    profile = '\n[profiles.a]\ntenant_id = "x"'
    assert "dashboard, inbox" in refused('start = "wall"' + profile).do
    assert "dark, light" in refused('theme = "pink"' + profile).do
    assert "--theme" in refused(profile, theme="pink").what
    assert "en, de" in refused('language = "fr"' + profile).do
    assert "OMCONSOLE_LANG" in refused(profile, {"OMCONSOLE_LANG": "fr"}).what


def test_time_zones(
    settings_of: Callable[..., Settings], refused: Callable[..., SettingsError], tmp_path: Path
) -> None:
    profile = '\n[profiles.a]\ntenant_id = "x"'
    zone, copy = tmp_path / "zone", tmp_path / "copy"
    zone.symlink_to("/usr/share/zoneinfo/Europe/Vienna")
    copy.write_bytes(b"TZif2")
    assert settings_of('timezone = "Europe/Berlin"' + profile, {"TZ": "Asia/Tokyo"}).timezone == "Europe/Berlin"
    assert settings_of(profile, {"TZ": ":Asia/Tokyo"}).timezone == "Asia/Tokyo"
    assert settings_of(profile, {"TZ": ""}).timezone == "UTC"
    assert settings_of(profile, {"TZ": str(zone)}).timezone == "Europe/Vienna"
    assert settings_of(profile, {"TZ": f":{copy}"}).timezone == "UTC"
    assert settings_of(profile).timezone
    assert "“Europe/Berlin”" in refused('timezone = "Europe/Berln"' + profile).do
    for name in ("../etc/passwd", "Europe", "x" * 5000):
        assert "timezone: " in refused(f'timezone = "{name}"' + profile).what
    assert "TZ: “CET-1CEST,M3.5.0,M10.5.0/3”" in refused(profile, {"TZ": "CET-1CEST,M3.5.0,M10.5.0/3"}).what


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"a = 1\nb = = 2\n", "line 2, column 5"),
        (b'a = "', "line 1, column 6"),
        (b"a = 1\nb = 2\n[", "line 3, column 2"),
        ("a = 'ü'".encode("latin-1"), "line 1, column 6"),
        (b"a = 1\n# \xff", "line 2, column 3"),
    ],
)
def test_a_file_that_is_no_toml_names_line_and_column(
    refused: Callable[..., SettingsError], content: bytes, where: str
) -> None:
    assert f"c.toml, {where}: " in refused(content).what


def test_files_that_are_no_settings(refused: Callable[..., SettingsError], tmp_path: Path) -> None:
    assert "1 MB" in refused(b"#" * 1_000_001).what
    assert "deeply" in refused("a = " + "[" * 100_000).what
    assert "digits" in refused("a = " + "9" * 5_000).what
    with pytest.raises(SettingsError, match="directory"):
        load(tmp_path, {})


@pytest.mark.parametrize("rest", ["foo = 1", "tenant = 'x'", "tenant_id = 1", "client_secret = 'x'"])
def test_a_name_in_the_file_commands_no_terminal(refused: Callable[..., SettingsError], rest: str) -> None:
    error = refused(f'[profiles."\\u001b]0;title\\u0007\\u009b2JX"]\n{rest}\n')
    assert f"{error.what}{error.do}".isprintable()


def test_a_byte_order_mark_and_a_link_are_fine(settings_of: Callable[..., Settings], tmp_path: Path) -> None:
    assert settings_of(b'\xef\xbb\xbf[profiles.a]\ntenant_id = "x"').profile_name == "a"
    (tmp_path / "link.toml").symlink_to(tmp_path / "c.toml")
    assert load(tmp_path / "link.toml", {}).profile_name == "a"


def test_the_token_is_never_shown(settings_of: Callable[..., Settings], refused: Callable[..., SettingsError]) -> None:
    settings = settings_of('[profiles.a]\ntenant_id = "x"', {"OMCONSOLE_TOKEN": "hush"})
    assert "hush" not in repr(settings)
    with pytest.raises(TypeError):
        pickle.dumps(Secret("hush"))
    error = refused('[profiles.a]\ntenant_id = "x"', {"OMCONSOLE_TOKEN": "Bearer hush"})
    assert "OMCONSOLE_TOKEN" in error.what
    assert "hush" not in error.what + error.do
    assert settings_of('[profiles.a]\ntenant_id = "x"', {"OMCONSOLE_TOKEN": " "}).token is None


def test_hostile_text_in_the_file_stays_harmless(refused: Callable[..., SettingsError]) -> None:
    error = refused('"\\u001b]0;x\\u0007k\\nk" = 1')
    assert "\x1b" not in error.what
