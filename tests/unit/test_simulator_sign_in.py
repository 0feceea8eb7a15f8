"""The sign-in server of the simulated tenant, and what its Graph makes of the tokens."""

from __future__ import annotations

import asyncio
import json
import re
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msal
import pytest
import trustme

from omconsole.simulator.app import create_app
from omconsole.simulator.client_proofs import ClientProofs
from omconsole.simulator.permissions import READING, needed
from omconsole.simulator.sign_in import Registration, SignInServer
from omconsole.simulator.sign_in_script import STEPS, SignInScript
from omconsole.simulator.surface import SURFACE
from omconsole.simulator.tokens import Subject
from omconsole.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

EPOCH = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
ROOT = "https://tenant.example"
TENANT, CLIENT = "11111111-aaaa-4bbb-8ccc-222222222222", "33333333-aaaa-4bbb-8ccc-444444444444"
ADA = Subject("55555555-aaaa-4bbb-8ccc-666666666666", "Ada O’Connor", "ada@contoso-gmbh.example")
SCOPES = [f"{ROOT}/.default"]
DEVICES = "/v1.0/deviceManagement/managedDevices?$top=1&$select=id"
WORLD = World(4, "calm", EPOCH, 30)
NBF = {"access_token": {"nbf": {"essential": True, "value": str(int(EPOCH.timestamp()))}}}


class Clock:
    now = EPOCH

    def __call__(self) -> datetime:
        return self.now


class Desk:
    """A tenant within this process, and a client of it that is enough for msal."""

    def __init__(self, **more: Any) -> None:
        self.clock = Clock()
        proofs = more.pop("proofs", ClientProofs())
        self.server = SignInServer(Registration(TENANT, CLIENT, ADA, proofs), ROOT, self.clock, **more)
        self.app = create_app(WORLD, clock=self.clock, token="printed", root=ROOT, sign_in=self.server)

    def ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=ROOT) as client:
                return await client.request(method, url, **more)

        return asyncio.run(asked())

    def get(self, url: str, **more: Any) -> httpx.Response:
        more = {name: more[name] for name in ("params", "headers") if more.get(name)}
        return self.ask("GET", url, **more)

    def post(self, url: str, **more: Any) -> httpx.Response:
        more = {name: more[name] for name in ("params", "data", "headers") if more.get(name)}
        return self.ask("POST", url, **more | {"data": texts(more.get("data", {}))})

    def close(self) -> None:
        """Nothing is open."""

    def devices(self, token: str) -> httpx.Response:
        return self.get(DEVICES, headers={"Authorization": f"Bearer {token}"})

    def public(self) -> msal.PublicClientApplication:
        return msal.PublicClientApplication(
            CLIENT,
            authority=f"{ROOT}/{TENANT}",
            instance_discovery=False,
            http_client=self,
            client_capabilities=["CP1"],
            http_cache={},
        )

    def confidential(self, credential: object) -> msal.ConfidentialClientApplication:
        return msal.ConfidentialClientApplication(
            CLIENT,
            authority=f"{ROOT}/{TENANT}",
            client_credential=credential,
            instance_discovery=False,
            http_client=self,
            http_cache={},
        )

    def redeem(self, **form: str) -> dict[str, Any]:
        response = self.post(f"/{TENANT}/oauth2/v2.0/token", data={"client_id": CLIENT, **form})
        body: dict[str, Any] = response.json()
        return body


def texts(form: Mapping[str, object]) -> dict[str, object]:
    """A form as httpx writes it rightly: msal gives an assertion as bytes, of which httpx would write the repr."""
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in form.items()}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def signed_in(app: msal.PublicClientApplication) -> dict[str, Any]:
    """By device code: one poll is told to wait, the next is let in."""
    flow = app.initiate_device_flow(SCOPES)
    assert poll(app, flow)["error"] == "authorization_pending"
    return poll(app, flow)


def poll(app: msal.PublicClientApplication, flow: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    return result


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


def challenge_of(response: httpx.Response) -> str:
    found = re.search(r'error="insufficient_claims", claims="([^"]+)"', response.headers["www-authenticate"])
    assert found is not None
    return urlsafe_b64decode(found[1]).decode()


# --- people -----------------------------------------------------------------------------------------------------------


def test_a_person_signs_in_and_renews_with_msal(desk: Desk) -> None:
    app = desk.public()
    result = signed_in(app)
    assert desk.devices(result["access_token"]).status_code == 200
    (account,) = app.get_accounts()
    assert account["username"] == ADA.login
    assert account["home_account_id"] == f"{ADA.object_id}.{TENANT}"
    claims = claims_of(result["access_token"])
    assert set(READING) <= set(claims["scp"].split())
    assert (claims["tid"], claims["oid"], claims["appid"], claims["upn"]) == (TENANT, ADA.object_id, CLIENT, ADA.login)
    assert claims["wids"]
    assert app.acquire_token_silent(SCOPES, account)["token_source"] == "cache"
    again = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert again["access_token"] != result["access_token"]
    assert again["refresh_token"] != result["refresh_token"]
    assert desk.devices(again["access_token"]).status_code == 200


def test_a_person_approves_or_declines_on_the_page(desk: Desk) -> None:
    app = desk.public()
    page = f"/{TENANT}/device"
    flow = app.initiate_device_flow(SCOPES)
    assert flow["verification_uri"] == ROOT + page
    assert "<form" in desk.get(page).text
    assert desk.post(page, data={"user_code": "NOTACODE", "answer": "approve"}).status_code == 400
    desk.post(page, data={"user_code": flow["user_code"].lower(), "answer": "approve"})
    assert "access_token" in poll(app, flow)
    assert poll(app, flow)["error"] == "bad_verification_code"
    flow = app.initiate_device_flow(SCOPES)
    desk.post(page, data={"user_code": flow["user_code"], "answer": "decline"})
    assert poll(app, flow)["error"] == "authorization_declined"
    flow = app.initiate_device_flow(SCOPES)
    desk.clock.now += timedelta(minutes=16)
    assert poll(app, flow)["error"] == "expired_token"


@pytest.mark.parametrize(
    ("step", "error", "number"),
    [
        ("pending", "authorization_pending", 70016),
        ("slow_down", "slow_down", 70016),
        ("declined", "authorization_declined", 70017),
        ("expired", "expired_token", 70019),
        ("bad_code", "bad_verification_code", 70018),
    ],
)
def test_a_script_says_what_polls_are_answered(step: str, error: str, number: int) -> None:
    desk = Desk(script=SignInScript([f"sign-in={step}"]))
    app = desk.public()
    result = poll(app, app.initiate_device_flow(SCOPES))
    assert (result["error"], result["error_codes"]) == (error, [number])
    assert result["error_description"].startswith(f"AADSTS{number}: ")
    assert {"trace_id", "correlation_id", "timestamp"} <= result.keys()


def test_a_code_may_not_be_had(desk: Desk) -> None:
    desk.server.script.add("device-code=not_allowed")
    app = desk.public()
    flow = app.initiate_device_flow(SCOPES)
    assert "user_code" not in flow
    assert flow["error_codes"] == [7000218]
    assert "user_code" in app.initiate_device_flow(SCOPES)


def test_a_renewal_may_need_the_person(desk: Desk) -> None:
    app = desk.public()
    signed_in(app)
    (account,) = app.get_accounts()
    desk.server.script.add("renewal=mfa")
    refused = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert (refused["error"], refused["suberror"], refused["error_codes"]) == (
        "interaction_required",
        "basic_action",
        [50076],
    )
    flow = app.initiate_device_flow(SCOPES, claims_challenge=refused["claims"])
    assert poll(app, flow)["error"] == "authorization_pending"
    token = app.acquire_token_by_device_flow(flow, claims_challenge=refused["claims"])["access_token"]
    assert claims_of(token)["capolids"]
    desk.server.sessions.revoke()
    refused = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)
    assert refused["error"] == "invalid_grant"


def test_a_browser_signs_in_with_a_proof_of_possession(desk: Desk) -> None:
    verifier = "a-verifier-that-is-long-enough-for-the-purpose-it-serves"
    asked = {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": "http://localhost:51234",
        "scope": f"{SCOPES[0]} openid profile offline_access",
        "state": "s1",
        "nonce": "n1",
        "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    back = desk.get(f"/{TENANT}/oauth2/v2.0/authorize", params=asked)
    answer = parse_qs(urlsplit(back.headers["location"]).query)
    assert back.headers["location"].startswith("http://localhost:51234?")
    assert answer["state"] == ["s1"]
    grant = {"grant_type": "authorization_code", "redirect_uri": asked["redirect_uri"]}
    stolen = desk.redeem(**grant, code=answer["code"][0], code_verifier="guessed")
    assert stolen["error_codes"] == [501481]
    assert desk.redeem(**grant, code=answer["code"][0], code_verifier=verifier)["error"] == "invalid_grant"
    form = desk.get(f"/{TENANT}/oauth2/v2.0/authorize", params=asked | {"response_mode": "form_post"}).text
    assert 'action="http://localhost:51234"' in form
    code = re.search(r'name="code" value="([^"]+)"', form)
    assert code is not None
    result = desk.redeem(**grant, code=code[1], code_verifier=verifier)
    assert claims_of(result["id_token"])["nonce"] == "n1"
    assert desk.devices(result["access_token"]).status_code == 200
    elsewhere = desk.get(
        f"/{TENANT}/oauth2/v2.0/authorize", params=asked | {"redirect_uri": "https://elsewhere.example"}
    )
    assert (elsewhere.status_code, elsewhere.json()["error_codes"]) == (400, [50011])


def test_a_browser_brings_back_a_refusal(desk: Desk) -> None:
    desk.server.script.add("browser=denied")
    asked = {"client_id": CLIENT, "redirect_uri": "http://127.0.0.1:51234/", "scope": SCOPES[0], "state": "s1"}
    back = desk.get(f"/{TENANT}/oauth2/v2.0/authorize", params=asked)
    assert parse_qs(urlsplit(back.headers["location"]).query)["error"] == ["access_denied"]


# --- applications -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates() -> list[dict[str, str]]:
    """Two of them, as msal takes them."""
    authority = trustme.CA()
    found = []
    for name in ("one", "two"):
        issued = authority.issue_cert(common_name=name, key_type=trustme.KeyType.RSA)
        key, chain = issued.private_key_pem.bytes().decode(), issued.cert_chain_pems[0].bytes().decode()
        found.append({"private_key": key, "public_certificate": chain})
    return found


def fingerprint(certificate: Mapping[str, str]) -> str:
    lines = certificate["public_certificate"].splitlines()
    return sha256(b64decode("".join(line for line in lines if "-----" not in line))).hexdigest()


def test_an_application_signs_in_with_a_secret(desk: Desk) -> None:
    result = desk.confidential("any").acquire_token_for_client(SCOPES)
    assert desk.devices(result["access_token"]).status_code == 200
    claims = claims_of(result["access_token"])
    assert set(claims["roles"]) == set(READING)
    assert "scp" not in claims
    registered = Desk(proofs=ClientProofs(secret="right"))
    assert "access_token" in registered.confidential("right").acquire_token_for_client(SCOPES)
    refused = registered.confidential("wrong").acquire_token_for_client(SCOPES)
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000215])
    assert registered.confidential("").acquire_token_for_client(SCOPES)["error_codes"] == [7000218]


def test_an_application_signs_in_with_a_certificate(desk: Desk, certificates: list[dict[str, str]]) -> None:
    ours, other = certificates
    result = desk.confidential(ours).acquire_token_for_client(SCOPES)
    assert desk.devices(result["access_token"]).status_code == 200
    registered = Desk(proofs=ClientProofs(certificate=fingerprint(ours)))
    assert "access_token" in registered.confidential(ours).acquire_token_for_client(SCOPES)
    refused = registered.confidential(other).acquire_token_for_client(SCOPES)
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [700027])


@pytest.mark.parametrize(
    ("header", "claims", "number"),
    [
        ({"alg": "none", "x5t": "x"}, {}, 50027),
        ({"alg": "PS256"}, {}, 50027),
        ({}, {"iss": "another"}, 700021),
        ({}, {"aud": "https://elsewhere.example/token"}, 700023),
        ({}, {"exp": int(EPOCH.timestamp()) - 1}, 700024),
    ],
)
def test_an_assertion_that_says_something_else_is_refused(
    desk: Desk, header: dict[str, str], claims: dict[str, object], number: int
) -> None:
    endpoint = f"{ROOT}/{TENANT}/oauth2/v2.0/token"
    said = {"aud": endpoint, "iss": CLIENT, "sub": CLIENT, "exp": int(EPOCH.timestamp()) + 600} | claims
    written = [header or {"alg": "PS256", "x5t#S256": "x"}, said]
    token = ".".join(urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in written) + ".x"
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"grant_type": "client_credentials", "scope": SCOPES[0], "client_assertion_type": kind}
    assert desk.redeem(**form, client_assertion=token)["error_codes"] == [number]


def test_a_managed_identity_gets_numbers_as_strings(desk: Desk) -> None:
    path, metadata = "/metadata/identity/oauth2/token", {"Metadata": "true"}
    asked = {"api-version": "2018-02-01", "resource": ROOT}
    body = desk.get(path, params=asked, headers=metadata).json()
    assert body["expires_in"] == "3900"
    assert body["resource"] == ROOT
    assert desk.devices(body["access_token"]).status_code == 200
    assert desk.get(path, params=asked).status_code == 400
    assert desk.get(path, params=asked | {"client_id": "another"}, headers=metadata).status_code == 400
    desk.server.script.add("app-token=500")
    assert desk.get(path, params=asked, headers=metadata).status_code == 500


# --- what is refused --------------------------------------------------------------------------------------------------


def test_an_unknown_tenant_or_application_or_resource_is_said(desk: Desk) -> None:
    found = desk.get("/nobody.example/v2.0/.well-known/openid-configuration")
    assert (found.status_code, found.json()["error"]) == (400, "invalid_tenant")
    with pytest.raises(ValueError, match="Unable to get authority configuration"):
        msal.PublicClientApplication(
            CLIENT, authority=f"{ROOT}/nobody.example", instance_discovery=False, http_client=desk
        )
    begin = f"/{TENANT}/oauth2/v2.0/devicecode"
    for form, number in (
        ({"client_id": "another", "scope": SCOPES[0]}, 700016),
        ({"scope": SCOPES[0]}, 900144),
        ({"client_id": CLIENT, "scope": "https://graph.microsoft.com/.default"}, 500011),
        ({"client_id": CLIENT, "scope": f"{ROOT}/Everything.ReadWrite.All"}, 70011),
    ):
        assert desk.post(begin, data=form).json()["error_codes"] == [number]


@pytest.mark.parametrize("tenant", [TENANT, "contoso-gmbh.example", "organizations"])
def test_the_tenant_has_more_than_one_name(desk: Desk, tenant: str) -> None:
    body = desk.get(f"/{tenant}/v2.0/.well-known/openid-configuration").json()
    assert body["issuer"] == f"{ROOT}/{TENANT}/v2.0"
    assert desk.post(body["token_endpoint"]).json()["error_codes"] == [900144]


def test_graph_lets_in_what_is_issued_for_it_as_long_as_it_is_good(desk: Desk) -> None:
    token = signed_in(desk.public())["access_token"]
    for wrong in ("", "opaque", token[:-2] + "xx", Desk().server.issuer.signed(claims_of(token))):
        assert desk.devices(wrong).status_code == 401
    another = desk.server.issuer.signed(claims_of(token) | {"aud": "https://graph.microsoft.com"})
    assert "audience" in desk.devices(another).json()["error"]["message"]
    desk.clock.now += timedelta(seconds=3899)
    assert desk.devices(token).status_code == 200
    desk.clock.now += timedelta(seconds=1)
    late = desk.devices(token)
    assert late.status_code == 401
    assert late.json()["error"] | {"innerError": None} == {
        "code": "InvalidAuthenticationToken",
        "message": "Lifetime validation failed, the token is expired.",
        "innerError": None,
    }


def test_a_long_life_says_when_to_renew() -> None:
    desk = Desk(token_lifetime_s=86400)
    result = desk.redeem(grant_type="client_credentials", scope=SCOPES[0], client_secret="any")
    assert (result["expires_in"], result["refresh_in"]) == (86400, 43200)


def test_graph_demands_claims_until_a_token_meets_them(desk: Desk) -> None:
    app = desk.public()
    before = signed_in(app)["access_token"]
    desk.server.demand(NBF)
    assert "insufficient_claims" in desk.devices("printed").headers["www-authenticate"]
    refused = desk.devices(before)
    assert refused.status_code == 401
    challenge = challenge_of(refused)
    assert json.loads(challenge) == NBF
    (account,) = app.get_accounts()
    renewed = app.acquire_token_silent_with_error(SCOPES, account, force_refresh=True)["access_token"]
    assert desk.devices(renewed).status_code == 401
    met = app.acquire_token_silent_with_error(SCOPES, account, claims_challenge=challenge)["access_token"]
    assert claims_of(met)["xms_cc"] == ["CP1"]
    assert desk.devices(met).status_code == 200
    desk.server.demand({"access_token": {"acrs": {"essential": True, "value": "c1"}}})
    assert desk.devices(met).status_code == 401
    desk.server.withdraw()
    assert desk.devices(met).status_code == 200


def test_who_does_not_say_cp1_is_never_challenged(desk: Desk) -> None:
    token = desk.confidential("any").acquire_token_for_client(SCOPES)["access_token"]
    desk.server.demand(NBF)
    assert desk.devices(token).status_code == 200


def test_malformed_claims_are_refused(desk: Desk) -> None:
    form = {"grant_type": "client_credentials", "scope": SCOPES[0], "client_secret": "any"}
    for claims in ("[", "[]", '{"access_token": {"nbf": {"value": "soon"}}}', '{"access_token": 3}'):
        assert desk.redeem(**form, claims=claims)["error"] == "invalid_request"


# --- permissions ------------------------------------------------------------------------------------------------------


def test_each_call_needs_a_permission_that_the_console_has() -> None:
    for call in SURFACE:
        assert set(needed(call.path)) & set(READING), call.path


def test_a_missing_permission_is_told_in_intunes_words_until_an_administrator_consents() -> None:
    names = ("User.ReadBasic.All", "User.Read.All")
    desk = Desk(without=["DeviceManagementManagedDevices.Read.All", "ServiceHealth.Read.All", *names])
    app = desk.public()
    token = signed_in(app)["access_token"]
    shown = {"Authorization": f"Bearer {token}"}
    refused = desk.devices(token)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Forbidden")
    message = json.loads(refused.json()["error"]["message"])["Message"]
    assert "DeviceManagementManagedDevices.Read.All, DeviceManagementManagedDevices.ReadWrite.All" in message
    assert desk.get("/v1.0/deviceManagement/deviceCompliancePolicies", headers=shown).status_code == 200
    assert desk.get("/v1.0/admin/serviceAnnouncement/messages", headers=shown).status_code == 200
    health = desk.get("/v1.0/admin/serviceAnnouncement/issues", headers=shown).json()["error"]
    user = desk.get("/v1.0/users/nobody", headers=shown).json()["error"]
    assert (health["code"], user["code"]) == ("Forbidden", "Authorization_RequestDenied")
    assert not health["message"].startswith("{")
    assert desk.devices("printed").status_code == 200
    explicit = app.initiate_device_flow([f"{ROOT}/ServiceHealth.Read.All"])
    assert (explicit["error_codes"], explicit["suberror"]) == ([65001], "consent_required")

    page = f"/{TENANT}/v2.0/adminconsent?client_id={CLIENT}&scope={SCOPES[0]}&redirect_uri=http://localhost"
    assert "ServiceHealth.Read.All" in desk.get(page).text
    back = desk.post(page)
    assert parse_qs(urlsplit(back.headers["location"]).query)["admin_consent"] == ["True"]
    assert desk.devices(token).status_code == 403
    assert desk.devices(signed_in(app)["access_token"]).status_code == 200


# --- scripts ----------------------------------------------------------------------------------------------------------


def test_a_script_is_played_in_order_and_then_all_is_as_usual() -> None:
    script = SignInScript(["sign-in=pending+500*2, renewal=mfa", "discovery=500*1"])
    assert [script.next("sign-in") for _ in range(5)] == ["pending", "500", "pending", "500", ""]
    assert [script.next("renewal"), script.next("renewal")] == ["mfa", ""]
    assert [script.next("discovery"), script.next("discovery")] == ["500", ""]
    script.add("discovery=hang")
    assert [script.next("discovery") for _ in range(3)] == ["hang"] * 3
    script.clear()
    assert script.next("discovery") == ""


@pytest.mark.parametrize(
    "spec", ["sign-in", "sign-in=", "sign-in=nonsense", "throttled=3", "sign-in=500*0", "renewal=pending"]
)
def test_a_script_that_is_none_is_said(spec: str) -> None:
    with pytest.raises(ValueError, match=r"none of|no step of"):
        SignInScript([spec])
    assert SignInScript.takes("renewal=500")
    assert not SignInScript.takes("throttled=3")


@pytest.mark.parametrize("name", [name for name in STEPS if name != "browser"])
def test_every_step_of_every_script_has_an_answer(name: str) -> None:
    for step in set(STEPS[name]) - {"drop", "hang", "success"}:
        desk = Desk(script=SignInScript([f"{name}={step}*1"]))
        try:
            response = _reached(desk, name)
        except ConnectionResetError:
            continue
        assert response.status_code >= 400 or "Guest network" in response.text, step


def _reached(desk: Desk, name: str) -> httpx.Response:
    at, who = f"/{TENANT}/oauth2/v2.0", {"client_id": CLIENT}
    if name == "discovery":
        return desk.get(f"/{TENANT}/v2.0/.well-known/openid-configuration")
    code = desk.post(f"{at}/devicecode", data=who | {"scope": SCOPES[0]})
    if name == "device-code":
        return code
    if name == "sign-in":
        return desk.post(f"{at}/token", data=who | {"grant_type": "device_code", "code": code.json()["device_code"]})
    kind = "refresh_token" if name == "renewal" else "client_credentials"
    return desk.post(f"{at}/token", data=who | {"grant_type": kind, "refresh_token": "any"})


def test_a_dropped_connection_is_none_within_a_process(desk: Desk) -> None:
    desk.server.script.add("discovery=drop")
    with pytest.raises(ConnectionResetError):
        desk.get(f"/{TENANT}/v2.0/.well-known/openid-configuration")
