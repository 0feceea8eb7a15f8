"""The simulated tenant over TLS, as msal itself meets it."""

from __future__ import annotations

import ssl
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import msal
import pytest
import trustme

from tests.simulated_tenant import TOKEN, SimulatedTenant

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = "2026-11-02T08:00:00"


@pytest.fixture
def tenant() -> Iterator[SimulatedTenant]:
    with SimulatedTenant(
        devices=40, epoch=EPOCH, tls=True, faults=["sign-in=pending+500+drop+429+success"], token_lifetime_s=2
    ) as running:
        yield running


class Client(httpx.Client):
    """Writes an assertion of msal's, which is bytes, as the text that it is; httpx would write its repr."""

    def post(self, url: Any, **more: Any) -> httpx.Response:
        form = more.get("data") or {}
        more["data"] = {name: each.decode() if isinstance(each, bytes) else each for name, each in form.items()}
        return super().post(url, **more)


def client(tenant: SimulatedTenant, timeout_s: float = 10.0) -> httpx.Client:
    return Client(verify=ssl.create_default_context(cafile=tenant.ca_file), timeout=timeout_s, trust_env=False)


def test_msal_signs_in_through_trouble_and_graph_accepts_the_token_until_it_ends(tenant: SimulatedTenant) -> None:
    kept: dict[str, Any] = {}
    with client(tenant) as http:
        app = msal.PublicClientApplication(
            tenant.client_id,
            authority=tenant.authority,
            instance_discovery=False,
            http_client=http,
            client_capabilities=["CP1"],
            http_cache=kept,
        )
        flow = app.initiate_device_flow([f"{tenant.graph_url}/.default"])
        troubles = []
        result: dict[str, Any] = {}
        while "access_token" not in result:
            kept.clear()
            try:
                result = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
            except (httpx.HTTPError, msal.exceptions.MsalServiceError, ValueError) as error:
                troubles.append(type(error).__name__)
        assert troubles == ["MsalServiceError", "RemoteProtocolError", "JSONDecodeError"]
        devices = f"{tenant.graph_url}/v1.0/deviceManagement/managedDevices?$top=1"
        shown = {"Authorization": f"Bearer {result['access_token']}"}
        assert http.get(devices, headers=shown).status_code == 200
        assert http.get(devices, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        deadline = time.monotonic() + 10
        while (late := http.get(devices, headers=shown)).status_code == 200:
            assert time.monotonic() < deadline
        assert late.status_code == 401


def test_msal_signs_an_application_in(tenant: SimulatedTenant) -> None:
    issued = trustme.CA().issue_cert(common_name="omconsole", key_type=trustme.KeyType.RSA)
    certificate = {
        "private_key": issued.private_key_pem.bytes().decode(),
        "public_certificate": issued.cert_chain_pems[0].bytes().decode(),
    }
    with client(tenant) as http:
        for credential in ("a secret", certificate):
            app = msal.ConfidentialClientApplication(
                tenant.client_id,
                authority=tenant.authority,
                client_credential=credential,
                instance_discovery=False,
                http_client=http,
            )
            token = app.acquire_token_for_client([f"{tenant.graph_url}/.default"])["access_token"]
            shown = {"Authorization": f"Bearer {token}"}
            overview = f"{tenant.graph_url}/v1.0/deviceManagement/managedDeviceOverview"
            assert http.get(overview, headers=shown).status_code == 200


def test_the_storage_of_exports_is_another_name_of_this_machine(tenant: SimulatedTenant) -> None:
    with client(tenant) as http:
        jobs, shown = (
            f"{tenant.graph_url}/v1.0/deviceManagement/reports/exportJobs",
            {"Authorization": f"Bearer {TOKEN}"},
        )
        job = http.post(jobs, json={"reportName": "Devices"}, headers=shown).json()
        while job["url"] is None:
            job = http.get(f"{jobs}('{job['id']}')", headers=shown).json()
        assert job["url"].startswith("https://localhost:")
        assert http.get(job["url"]).content.startswith(b"PK")


def test_trouble_with_graph_and_with_signing_in_may_come_together() -> None:
    faults = ["throttled=7@managedDeviceOverview", "discovery=drop"]
    with SimulatedTenant(devices=40, epoch=EPOCH, tls=True, faults=faults) as tenant, client(tenant) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            http.get(f"{tenant.authority}/v2.0/.well-known/openid-configuration")
        parts = [
            {"id": name, "method": "GET", "url": f"/deviceManagement/{name}"}
            for name in ("managedDeviceOverview", "subscriptionState")
        ]
        shown = {"Authorization": f"Bearer {TOKEN}"}
        body = http.post(f"{tenant.graph_url}/v1.0/$batch", json={"requests": parts}, headers=shown).json()
        came = {each["id"]: each for each in body["responses"]}
        assert came["subscriptionState"]["status"] == 200
        assert came["managedDeviceOverview"]["status"] == 429
        assert came["managedDeviceOverview"]["headers"]["retry-after"] == "7"


def test_the_authority_is_private_and_goes_with_the_server_which_ends_at_once() -> None:
    with SimulatedTenant(devices=40, epoch=EPOCH, tls=True, faults=["discovery=hang"]) as tenant:
        file = Path(tenant.ca_file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert b"PRIVATE" not in file.read_bytes()
        asked = f"{tenant.authority}/v2.0/.well-known/openid-configuration"
        ends: list[str] = []

        def wait() -> None:
            with client(tenant) as http, pytest.raises(httpx.HTTPError) as caught:
                http.get(asked)
            ends.append(type(caught.value).__name__)

        with client(tenant, 0.2) as http, pytest.raises(httpx.ReadTimeout):
            http.get(asked)
        waiting = threading.Thread(target=wait)
        waiting.start()
        began = time.monotonic()
        tenant.child.terminate()
        assert tenant.child.wait(10) == 0
        assert time.monotonic() - began < 1
        waiting.join(10)
        assert len(ends) == 1
        assert not file.parent.exists()
