"""The hard requirements of signing in, one by one (security.md S1-S10), by the real msal over real HTTPS."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from omconsole.accounts import kept_account
from omconsole.domain.sign_in import Connecting, DeviceCode, Hindrance
from omconsole.errors import GraphUnreachable, SignInError, SignInNeeded
from omconsole.graph import GraphClient
from omconsole.graph.sign_in.token_cache import KeptTokens
from omconsole.graph.transport import TransportSettings, build_client
from tests.sign_in_tenant import ADA, SECRET, Steps, Tenant, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from omconsole.graph.sign_in import SignIn

NBF = {"access_token": {"nbf": {"essential": True, "value": str(int(time.time()) + 3600)}}}
"""Only a token that was issued for this challenge is late enough."""
DEVICES = "/deviceManagement/managedDevices"


@pytest.fixture(scope="module")
def server() -> Iterator[Tenant]:
    with serving() as tenant:
        yield tenant


@pytest.fixture
async def tenant(server: Tenant) -> AsyncIterator[Tenant]:
    server.fresh()
    yield server
    server.script.clear()
    await server.leave()


def token_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("tokens/*.tokens.json"))


async def signed_in(tenant: Tenant, folder: Path, **more: Any) -> SignIn:
    sign_in = tenant.sign_in(folder, **more)
    await sign_in.sign_in(Steps())
    tenant.asked.clear()
    return sign_in


def graph(tenant: Tenant, sign_in: SignIn) -> tuple[GraphClient, httpx.AsyncClient]:
    http = build_client(TransportSettings(graph_url=tenant.root, ca_file=str(tenant.ca_file)))
    return GraphClient(tenant.root, http, sign_in), http


# --- S1, S2 -----------------------------------------------------------------------------------------------------------


async def test_s01_a_sign_in_server_of_ones_own_needs_no_other(tenant: Tenant, tmp_path: Path) -> None:
    """Any other host would be looked up by name, and no name is looked up."""
    looked_up: list[str] = []
    sys.addaudithook(lambda event, args: looked_up.append(str(args[0])) if event == "socket.getaddrinfo" else None)
    sign_in, steps = tenant.sign_in(tmp_path), Steps()
    account = await sign_in.sign_in(steps)
    assert (account.name, account.object_id) == (ADA.login, ADA.object_id)
    assert await sign_in.token()
    assert set(looked_up) <= {"127.0.0.1", "b'127.0.0.1'"}
    assert isinstance(steps[0], Connecting)
    assert steps[0].host == tenant.root.removeprefix("https://")


async def test_s02_the_loop_goes_on_while_discovery_hangs(tenant: Tenant, tmp_path: Path) -> None:
    tenant.script.add("discovery=hang")
    sign_in, steps = tenant.sign_in(tmp_path), Steps()
    signing = asyncio.create_task(sign_in.sign_in(steps))
    await steps.until(Connecting)
    worst = 0.0
    for _turn in range(50):
        began = time.monotonic()
        await asyncio.sleep(0.001)
        worst = max(worst, time.monotonic() - began)
    assert worst < 0.5, "a call of msal on the loop would have taken ten seconds"
    signing.cancel()
    began = time.monotonic()
    await asyncio.gather(signing, return_exceptions=True)
    assert time.monotonic() - began < 0.5


# --- S3, S4, S5 -------------------------------------------------------------------------------------------------------


async def test_s03_a_cancel_takes_effect_at_once_and_nobody_asks_after_it(tenant: Tenant, tmp_path: Path) -> None:
    tenant.script.add("sign-in=" + "+".join(["pending"] * 500))
    sign_in, steps = tenant.sign_in(tmp_path), Steps()
    signing = asyncio.create_task(sign_in.sign_in(steps))
    await steps.until(DeviceCode)
    began = time.monotonic()
    signing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await signing
    assert time.monotonic() - began < 0.3
    await asyncio.sleep(0.2)  # one poll may have been under way
    polls = tenant.asked.count("token")
    await asyncio.sleep(0.2)
    assert tenant.asked.count("token") == polls
    assert await sign_in.account() is None


async def test_s03_a_process_ends_although_the_sign_in_server_is_silent(tenant: Tenant, tmp_path: Path) -> None:
    tenant.script.add("discovery=hang")
    tenant.sign_in(tmp_path)  # writes the settings
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from omconsole.config import Options, load\n"
        "from omconsole.graph.connection import sign_in_for\n"
        "async def main():\n"
        "    sign_in = sign_in_for(load(Path(sys.argv[1]), {}, Options()))\n"
        "    task = asyncio.create_task(sign_in.sign_in(lambda step: None))\n"
        "    await asyncio.to_thread(sys.stdin.read)\n"
        "    task.cancel()\n"
        "asyncio.run(main())\n"
    )
    arguments = ["-c", program, str(tmp_path / "config.toml")]
    environ = {**os.environ, "HOME": str(tmp_path)}
    child = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=subprocess.PIPE, env=environ)
    await tenant.until_asked("openid-configuration")
    assert child.stdin is not None
    began = time.monotonic()
    child.stdin.close()
    assert await asyncio.wait_for(child.wait(), 5) == 0
    assert time.monotonic() - began < 1.0


async def test_s04_trouble_on_the_way_does_not_end_a_sign_in(tenant: Tenant, tmp_path: Path) -> None:
    tenant.script.add("sign-in=pending+500+drop+429+html+success")
    sign_in, steps = tenant.sign_in(tmp_path), Steps()
    account = await sign_in.sign_in(steps)
    assert account.name == ADA.login
    assert tenant.asked.count("token") == 6
    hindrances = [step.why for step in steps if isinstance(step, Hindrance)]
    assert len(hindrances) == 4
    assert "500" in hindrances[0]
    assert isinstance(steps[-1], DeviceCode), "the server answers again"


async def test_s04_trying_again_asks_again(tenant: Tenant, tmp_path: Path) -> None:
    """Within a minute msal would answer from memory."""
    tenant.script.add("device-code=500")
    sign_in = tenant.sign_in(tmp_path)
    with pytest.raises(GraphUnreachable):
        await sign_in.sign_in(Steps())
    assert (await sign_in.sign_in(Steps())).name == ADA.login


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sign-in=declined", "declined"),
        ("sign-in=expired", "expired"),
        ("sign-in=bad_code", "expired"),
        ("device-code=not_allowed", "Allow public client flows"),
    ],
)
async def test_a_sign_in_that_ends_says_why(tenant: Tenant, tmp_path: Path, script: str, words: str) -> None:
    tenant.script.add(script)
    with pytest.raises(SignInError) as caught:
        await tenant.sign_in(tmp_path).sign_in(Steps())
    assert words in f"{caught.value.what} {caught.value.do}"


async def test_s05_a_token_that_arrives_after_the_cancel_is_thrown_away(tenant: Tenant, tmp_path: Path) -> None:
    tenant.script.add("sign-in=" + "+".join(["pending"] * 500))
    sign_in, steps = tenant.sign_in(tmp_path), Steps()
    signing = asyncio.create_task(sign_in.sign_in(steps))
    await steps.until(DeviceCode)
    tenant.script.clear()
    tenant.script.add("sign-in=success")
    issued = tenant.server.issuer
    signing.cancel()
    await asyncio.gather(signing, return_exceptions=True)
    await asyncio.sleep(0.3)
    assert issued is tenant.server.issuer
    assert await sign_in.account() is None
    with pytest.raises(SignInNeeded):
        await sign_in.token()
    assert not token_files(tmp_path)


async def test_s05_a_cancel_while_the_tokens_are_written_puts_back_what_was_there(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = threading.Event(), threading.Event()
    adopt = KeptTokens.adopt

    def slow(kept: KeptTokens, fresh: Any) -> Any:
        writing.set()
        go_on.wait(5)
        return adopt(kept, fresh)

    sign_in = tenant.sign_in(tmp_path)
    monkeypatch.setattr(KeptTokens, "adopt", slow)
    signing = asyncio.create_task(sign_in.sign_in(Steps()))
    await asyncio.to_thread(writing.wait, 5)
    signing.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await signing
    assert not token_files(tmp_path)
    assert await sign_in.account() is None
    with pytest.raises(SignInNeeded):
        await sign_in.token()


async def test_s05_a_sign_out_is_not_undone_by_a_renewal_under_way(tenant: Tenant, tmp_path: Path) -> None:
    sign_in = await signed_in(tenant, tmp_path)
    tenant.script.add("renewal=hang")
    renewing = asyncio.create_task(sign_in.token(refused=await sign_in.token()))
    await tenant.until_asked("token")
    began = time.monotonic()
    assert await sign_in.sign_out()
    assert time.monotonic() - began < 0.5, "nobody waits for a renewal to sign out"
    renewing.cancel()
    await asyncio.gather(renewing, return_exceptions=True)
    with pytest.raises(SignInNeeded):
        await sign_in.token()
    assert not token_files(tmp_path)


# --- S6, S7 -----------------------------------------------------------------------------------------------------------


class Ahead:
    """The time, as much later as a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.by = 0.0
        real = time.time
        monkeypatch.setattr("time.time", lambda: real() + self.by)


async def test_s06_an_outage_interrupts_nothing_while_a_token_is_good(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = Ahead(monkeypatch)
    sign_in = await signed_in(tenant, tmp_path)
    sign_in._clock = time.time
    first = await sign_in.token()
    ahead.by = 3900 - 200  # five minutes before the end it is renewed
    tenant.script.add("renewal=" + "+".join(["503"] * 20))
    assert await sign_in.token() == first
    assert "token" in tenant.asked
    ahead.by = 3900 + 100
    sign_in.try_again()
    with pytest.raises(GraphUnreachable) as caught:
        await sign_in.token()
    assert "127.0.0.1" in caught.value.what


async def test_s06_a_console_that_starts_in_an_outage_uses_the_kept_token(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = Ahead(monkeypatch)
    first = await (await signed_in(tenant, tmp_path)).token()
    tenant.script.add("discovery=" + "+".join(["503"] * 20))
    later = tenant.sign_in(tmp_path)
    later._clock = time.time
    assert await later.token() == first
    with pytest.raises(GraphUnreachable):
        await later.token(refused=first)
    ahead.by = 3900 + 100
    with pytest.raises(GraphUnreachable):
        await tenant.sign_in(tmp_path).token()


async def test_a_token_is_renewed_ahead_of_its_end_and_by_one_request(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = Ahead(monkeypatch)
    sign_in = await signed_in(tenant, tmp_path)
    sign_in._clock = time.time
    first = await sign_in.token()
    assert await sign_in.token() == first
    assert tenant.asked.count("token") == 0
    ahead.by = 3900 - 200
    again = await asyncio.gather(*(sign_in.token() for _source in range(10)))
    assert len(set(again)) == 1
    assert again[0] != first
    assert tenant.asked.count("token") == 1


async def test_s07_a_claims_challenge_is_met_once_without_a_person(tenant: Tenant, tmp_path: Path) -> None:
    sign_in = await signed_in(tenant, tmp_path)
    client, http = graph(tenant, sign_in)
    async with http:
        await client.get(DEVICES, workload="devices")
        tenant.server.demand(NBF)
        tenant.asked.clear()
        reply = await client.get(DEVICES, workload="devices")
        assert reply.status == 200
        assert tenant.asked.count("managedDevices") == 2
        assert tenant.asked.count("token") == 1


async def test_s07_what_only_a_person_can_answer_is_asked_of_one(tenant: Tenant, tmp_path: Path) -> None:
    sign_in = await signed_in(tenant, tmp_path)
    client, http = graph(tenant, sign_in)
    async with http:
        tenant.server.demand(NBF)
        tenant.script.add("renewal=mfa+mfa")
        with pytest.raises(SignInNeeded) as caught:
            await client.get(DEVICES, workload="devices")
        assert tenant.asked.count("managedDevices") == 1, "it does not loop"
        assert "factor" in caught.value.what
        tenant.script.clear()
        await sign_in.sign_in(Steps())
        assert (await client.get(DEVICES, workload="devices")).status == 200


# --- S8 ---------------------------------------------------------------------------------------------------------------


async def test_s08_certificates_of_the_settings_count_and_not_those_of_the_environment(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import certifi

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    assert (await tenant.sign_in(tmp_path).sign_in(Steps())).name
    with pytest.raises(GraphUnreachable) as caught:
        await tenant.sign_in(tmp_path / "other", ca_file=certifi.where()).sign_in(Steps())
    assert "not trusted" in caught.value.what
    assert "ca_file" in caught.value.do


async def test_s08_a_silent_server_is_waited_for_no_longer_than_the_timeout(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omconsole.graph.transport.SIGN_IN_TIMEOUT", httpx.Timeout(0.3))
    tenant.script.add("discovery=hang")
    with pytest.raises(GraphUnreachable, match="silent"):
        await tenant.sign_in(tmp_path).sign_in(Steps())


# --- S9 ---------------------------------------------------------------------------------------------------------------


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_s09_tokens_are_the_users_alone_whatever_the_umask(tenant: Tenant, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        sign_in = await signed_in(tenant, tmp_path)
    finally:
        os.umask(before)
    (kept,) = token_files(tmp_path)
    assert [mode(path) for path in (kept.parent, *sorted(kept.parent.iterdir()))] == [0o700, 0o600, 0o600, 0o600]
    kept.chmod(0o644)
    kept.parent.chmod(0o755)
    again = tenant.sign_in(tmp_path)
    assert await again.token() == await sign_in.token()
    assert (mode(kept.parent), mode(kept)) == (0o700, 0o600)


async def test_s09_the_users_consoles_share_them(tenant: Tenant, tmp_path: Path) -> None:
    one, two = await signed_in(tenant, tmp_path), tenant.sign_in(tmp_path)
    assert await two.token() == await one.token()
    renewed = await two.token(refused=await two.token())
    assert await one.token() == renewed
    assert await one.sign_out()
    with pytest.raises(SignInNeeded):
        await two.token()
    assert await two.account() is None
    assert not await two.sign_out()
    assert not token_files(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff", b'{"AccessToken": 1}', b"[" * 100_000],
    ids=["empty", "cut", "list", "binary", "wrong", "deep"],
)
async def test_s09_a_damaged_file_is_a_sign_out(tenant: Tenant, tmp_path: Path, content: bytes) -> None:
    sign_in = tenant.sign_in(tmp_path)
    kept = sign_in._file
    kept.parent.mkdir(0o700)
    kept.write_bytes(content)
    with pytest.raises(SignInNeeded):
        await sign_in.token()
    assert kept.with_suffix(".damaged").read_bytes() == content
    assert "damaged" in (sign_in.notice or "")
    await sign_in.sign_in(Steps())
    assert await sign_in.token()


async def test_s09_nothing_is_written_where_that_is_not_wanted(tenant: Tenant, tmp_path: Path) -> None:
    sign_in = await signed_in(tenant, tmp_path, token_cache="off")
    assert await sign_in.token()
    assert (await sign_in.account()) is not None
    assert not (tmp_path / "tokens").exists()


async def test_a_command_knows_who_signed_in_without_the_tokens(tenant: Tenant, tmp_path: Path) -> None:
    sign_in = await signed_in(tenant, tmp_path)
    account = kept_account(sign_in._settings, "contoso", tmp_path / "tokens")
    assert account is not None
    assert account.name == ADA.login
    assert await sign_in.account() == account


# --- S10 --------------------------------------------------------------------------------------------------------------


async def test_s10_secrets_are_in_no_text(tenant: Tenant, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    environ = {"CONSOLE_SECRET": SECRET}
    app = tenant.sign_in(tmp_path, "client-secret", environ, secret_env="CONSOLE_SECRET")
    token = await app.token()
    assert token not in repr(app) + repr(vars(app))
    person, steps = tenant.sign_in(tmp_path / "person"), Steps()
    await person.sign_in(steps)
    hidden = [SECRET, token, await person.token()]
    wrong = tenant.sign_in(tmp_path, "client-secret", {"CONSOLE_SECRET": "other-secret"}, secret_env="CONSOLE_SECRET")
    with pytest.raises(SignInError) as caught:
        await wrong.token()
    hidden.append("other-secret")
    assert "The client secret is wrong" in caught.value.what
    assert "7000215" in caught.value.what
    said = caplog.text + str(caught.value) + caught.value.do + repr(steps) + json.dumps(sys.argv)
    assert not [each for each in hidden if each in said]
