"""Settings of the connection: the root, certificates, proxies, tokens."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from omconsole.errors import SettingsError, SignInError
from omconsole.graph import ReadyToken, TransportSettings, build_client, check_root
from omconsole.graph.tokens import OPAQUE, check_tenant, principal

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://graph.microsoft.com", "https://graph.microsoft.com"),
        ("https://graph.microsoft.us/", "https://graph.microsoft.us"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/graph/", "http://[::1]:8080/graph"),
        ("http://localhost:1", "http://localhost:1"),
    ],
)
def test_s21_a_good_root_is_taken(url: str, root: str) -> None:
    assert check_root(url) == root


@pytest.mark.parametrize(
    "url",
    [
        "",
        "graph.microsoft.com",
        "ftp://graph.microsoft.com",
        "http://graph.microsoft.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "https://user:pass@graph.microsoft.com",
        "https://graph.microsoft.com?x=1",
        "https://graph.microsoft.com/?",
        "https://graph.microsoft.com#x",
        "https://graph.microsoft.com\\@evil.example",
        "https://graph.microsoft.com/v1.0",
        "https://graph.microsoft.com/beta/",
        "https://",
        "https://gra ph",
        "https://user:pass@gra ph",
        "https://x\n",
    ],
)
def test_s21_a_bad_root_is_refused_with_words(url: str) -> None:
    with pytest.raises(SettingsError) as told:
        check_root(url)
    assert told.value.what
    assert told.value.do
    assert "pass" not in told.value.what


@pytest.mark.parametrize("value", [None, "", "  \n", "a b", "a\nb", "a\x1bb", "tökén"])
def test_a_missing_or_broken_token_names_its_variable(value: str | None) -> None:
    with pytest.raises(SignInError) as told:
        ReadyToken(value)
    assert "OMCONSOLE_TOKEN" in told.value.what
    assert value is None or not value.strip() or value not in told.value.what


async def test_s10_a_token_shows_itself_nowhere() -> None:
    token = ReadyToken(" secret \n")
    assert await token.token() == "secret"
    assert "secret" not in f"{token!r} {token} {[token]}"
    with pytest.raises(TypeError):
        pickle.dumps(token)
    with pytest.raises(TypeError):
        copy.copy(token)


async def test_the_client_says_who_it_is_and_follows_nothing() -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(302, headers={"location": "https://x.example"})

    async with build_client(TransportSettings(), transport=httpx.MockTransport(answer)) as client:
        assert (await client.get("https://graph.microsoft.com/v1.0/x")).status_code == 302
    assert seen[0].headers["user-agent"].startswith("omconsole/")
    assert seen[0].headers["accept-encoding"] == "gzip"
    assert len(seen) == 1


async def test_s26_the_environments_proxy_counts_except_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    async with (
        build_client(TransportSettings()) as far,
        build_client(TransportSettings(graph_url="http://127.0.0.1:1")) as near,
    ):
        assert "Proxy" in type(far._transport_for_url(httpx.URL("https://graph.microsoft.com/"))._pool).__name__  # type: ignore[attr-defined]
        assert "Proxy" not in type(near._transport_for_url(httpx.URL("http://127.0.0.1:1/"))._pool).__name__  # type: ignore[attr-defined]


@pytest.mark.parametrize("proxy", ["socks5://proxy.example:1080", "nonsense"])
def test_s26_a_proxy_that_cannot_be_used_is_said_in_words(proxy: str) -> None:
    with pytest.raises(SettingsError, match="proxy"):
        build_client(TransportSettings(proxy=proxy))


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_s26_certificates_of_the_environment_are_used(variable: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.pem"):
        build_client(TransportSettings(), environ={variable: str(tmp_path / "nowhere.pem")})
    (tmp_path / "empty.pem").write_text("no certificate")
    with pytest.raises(SettingsError, match=r"empty\.pem"):
        build_client(TransportSettings(ca_file=str(tmp_path / "empty.pem")), environ={})


async def test_a_ca_file_goes_before_the_environment(tmp_path: Path) -> None:
    anchors = ssl.create_default_context().get_ca_certs(binary_form=True)
    if not anchors:
        pytest.skip("this system has no certificates")
    (tmp_path / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(anchors[0]))
    settings = TransportSettings(ca_file=str(tmp_path / "ca.pem"))
    async with build_client(settings, environ={"SSL_CERT_FILE": "/nowhere"}):
        pass


def jwt(**claims: object) -> str:
    """A token as Entra writes them, with a signature that nobody checks."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "c2ln"])


TENANT = "8f2b6f0e-7c1d-4c58-9b1e-0a2f6d1c3e4b"
OTHER = "11111111-2222-3333-4444-555555555555"


def test_a_principal_is_who_asks_and_what_they_may() -> None:
    anna = {"tid": TENANT, "oid": "anna", "scp": "B A", "exp": 1}
    known = principal(jwt(**anna))
    assert known == principal(jwt(**{**anna, "scp": "A B", "exp": 2}))
    assert len(known) == 16
    assert known not in {
        principal(jwt(**{**anna, "oid": "ben"})),
        principal(jwt(**{**anna, "tid": OTHER})),
        principal(jwt(**{**anna, "scp": "A"})),
        principal(jwt(tid=TENANT, appid="app", roles=["A", "B"])),
        OPAQUE,
    }


@pytest.mark.parametrize(
    "token",
    ["simulated", "a.b.c", "..", "e30.W10.x", "e30.bnVsbA.x", "e30.e30.x", "e30.eyJ0aWQiOjF9.x", "e30.gICA.x", jwt()],
)
def test_what_is_no_token_of_entra_is_opaque(token: str) -> None:
    assert principal(token) == OPAQUE
    check_tenant(token, TENANT)


def test_a_token_of_another_tenant_is_refused_with_both_names() -> None:
    check_tenant(jwt(tid=TENANT.upper(), oid="anna"), TENANT)
    check_tenant(jwt(tid=OTHER, oid="anna"), None)
    check_tenant(jwt(tid=OTHER, oid="anna"), "contoso.onmicrosoft.com")
    with pytest.raises(SignInError) as told:
        check_tenant(jwt(tid=OTHER, oid="anna"), TENANT)
    assert TENANT in told.value.what
    assert OTHER in told.value.what
