"""The ways of signing in beside the code: browser, secret, certificate and the machine's own identity, over HTTPS."""

from __future__ import annotations

import asyncio
import re
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from omconsole.domain.sign_in import BrowserAddress
from omconsole.errors import GraphUnreachable, SignInError
from omconsole.graph.sign_in import applications
from tests.sign_in_tenant import ADA, CLIENT, SECRET, Steps, Tenant, machine_of, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


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


async def test_the_browser_comes_back_to_this_machine(tenant: Tenant, tmp_path: Path) -> None:
    sign_in, steps = tenant.sign_in(tmp_path, "browser"), Steps()
    signing = asyncio.create_task(sign_in.sign_in(steps))
    page = await steps.until(BrowserAddress)
    assert not page.opened, "there is no screen here"
    here = parse_qs(urlsplit(page.address).query)["redirect_uri"][0]
    context = ssl.create_default_context(cafile=str(tenant.ca_file))
    async with httpx.AsyncClient(verify=context) as web:
        assert (await web.get(f"{here}/favicon.ico")).status_code == 404
        forged = await web.post(here, data={"code": "mine", "state": "of-another-page"})
        assert forged.status_code == 200
        form = await web.get(page.address)
        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form.text))
        action = re.search(r'action="([^"]+)"', form.text)
        assert action is not None
        assert "close this page" in (await web.post(action[1], data=fields)).text
    assert (await signing).name == ADA.login
    assert await sign_in.token()


async def test_a_browser_is_told_where_one_would_be_seen(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the desktop starts has neither this terminal nor a word on it."""
    program = tmp_path / "xdg-open"
    program.write_text('#!/bin/sh\necho noise\necho noise >&2\nprintf %s "$1" > "$0.shown"\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda name: str(program))
    sign_in, steps = tenant.sign_in(tmp_path, "browser", {"DISPLAY": ":7"}), Steps()
    signing = asyncio.create_task(sign_in.sign_in(steps))
    page = await steps.until(BrowserAddress)
    signing.cancel()
    await asyncio.gather(signing, return_exceptions=True)
    assert page.opened
    assert (tmp_path / "xdg-open.shown").read_text("utf-8") == page.address


async def test_what_is_refused_in_the_browser_is_told(tenant: Tenant, tmp_path: Path) -> None:
    sign_in, steps = tenant.sign_in(tmp_path, "browser"), Steps()
    signing = asyncio.create_task(sign_in.sign_in(steps))
    asked = parse_qs(urlsplit((await steps.until(BrowserAddress)).address).query)
    said = {"state": asked["state"][0], "error": "access_denied", "error_description": "AADSTS65004: no"}
    async with httpx.AsyncClient() as web:
        await web.post(asked["redirect_uri"][0], data=said)
    with pytest.raises(SignInError, match="consent was declined"):
        await signing


async def test_a_sign_in_in_the_browser_can_be_cancelled(tenant: Tenant, tmp_path: Path) -> None:
    sign_in, steps = tenant.sign_in(tmp_path, "browser"), Steps()
    signing = asyncio.create_task(sign_in.sign_in(steps))
    await steps.until(BrowserAddress)
    signing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await signing
    assert await sign_in.account() is None


def certificate(folder: Path, name: str, passphrase: str = "") -> Path:
    """Write a certificate with its key, as PEM or PFX."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "omconsole")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 7, now, now + timedelta(days=30)).sign(
        key, hashes.SHA256()
    )
    hidden = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    file = folder / name
    if file.suffix == ".pfx":
        file.write_bytes(pkcs12.serialize_key_and_certificates(b"omconsole", key, made, None, hidden))
        return file
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize(("name", "passphrase"), [("c.pem", ""), ("c.pem", "pass"), ("c.pfx", "pass")])
async def test_a_certificate_signs_in_and_its_end_is_known(
    tenant: Tenant, tmp_path: Path, name: str, passphrase: str
) -> None:
    file = certificate(tmp_path, name, passphrase)
    more = {"certificate_file": file, "certificate_passphrase_env": "PASSPHRASE"}
    sign_in = tenant.sign_in(tmp_path, "certificate", {"PASSPHRASE": passphrase}, **more)
    account = await sign_in.sign_in(Steps())
    assert account.is_application
    expires = await sign_in.credential_expiry()
    assert expires is not None
    first = await sign_in.token()
    assert await sign_in.token(refused=first) != first
    if passphrase:
        with pytest.raises(SignInError, match="cannot be used"):
            await tenant.sign_in(tmp_path, "certificate", {"PASSPHRASE": "no"}, **more).token()


@pytest.mark.parametrize(("passphrase", "given"), [("pass", ""), ("", "needless")])
async def test_a_passphrase_that_does_not_fit_the_key_is_told(
    tenant: Tenant, tmp_path: Path, passphrase: str, given: str
) -> None:
    more = {
        "certificate_file": certificate(tmp_path, "c.pem", passphrase),
        "certificate_passphrase_env": "PASSPHRASE",
    }
    with pytest.raises(SignInError, match=r"c\.pem cannot be used") as caught:
        await tenant.sign_in(tmp_path, "certificate", {"PASSPHRASE": given}, **more).token()
    assert "certificate_passphrase_env" in caught.value.do


async def test_a_key_that_entra_does_not_take_is_told(tenant: Tenant, tmp_path: Path) -> None:
    file = certificate(tmp_path, "c.pem")
    _key, mark, rest = file.read_bytes().partition(b"-----BEGIN CERTIFICATE")
    file.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + mark
        + rest
    )
    with pytest.raises(SignInError, match="RSA"):
        await tenant.sign_in(tmp_path, "certificate", certificate_file=file).token()


async def test_a_secret_may_come_from_a_command(tenant: Tenant, tmp_path: Path) -> None:
    assert await tenant.sign_in(tmp_path, "client-secret", secret_command=f"printf {SECRET}").token()
    with pytest.raises(SignInError, match="status 1"):
        await tenant.sign_in(tmp_path, "client-secret", secret_command="false").token()


async def test_a_machine_has_an_identity_and_neither_proxy_nor_netrc_is_asked(
    tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with machine_of(tenant) as address:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", address)
        sign_in = tenant.sign_in(tmp_path, "managed-identity", managed_identity_client_id=CLIENT)
        account = await sign_in.sign_in(Steps())
        assert (account.is_application, account.name) == (True, CLIENT)
        first = await sign_in.token()
        assert await sign_in.token() == first
        tenant.script.add("app-token=hang")
        monkeypatch.setattr(applications, "_METADATA_S", 0.2)
        with pytest.raises(GraphUnreachable, match="identity service of this machine"):
            await tenant.sign_in(tmp_path, "managed-identity").token()
