"""Refused tokens: the claims that Graph asks for, the one retry, and what a person reads."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omconsole.errors import GraphForbidden, GraphUnreachable, SignInError, SignInNeeded
from omconsole.graph.challenges import claims_asked
from omconsole.graph.claims import merged_claims
from tests.unit.graph_tools import Tenant, ok, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"},"x":"?>~ü"}}'
STANDARD = base64.b64encode(CLAIMS.encode()).decode()
URL_SAFE = base64.urlsafe_b64encode(CLAIMS.encode()).decode()
BEARER = 'Bearer realm="", authorization_uri="https://login.example/common/oauth2/authorize", client_id="x"'


def challenge(claims: str = STANDARD, error: str = "insufficient_claims") -> str:
    return f'{BEARER}, error="{error}", claims="{claims}"'


def denied(status: int = 401, header: str = BEARER, message: str = "Continuous access evaluation") -> httpx.Response:
    return refused(status, message, "InvalidAuthenticationToken", www_authenticate=header)


class Tokens:
    """Gives the tokens that are planned, one for each refusal; remembers what it was asked for."""

    def __init__(self, *tokens: str | Exception) -> None:
        self.tokens = list(tokens)
        self.asked: list[tuple[str | None, str | None]] = []

    async def token(self, *, claims: str | None = None, refused: str | None = None) -> str:
        await asyncio.sleep(0)
        self.asked.append((claims, refused))
        if (claims or refused) and len(self.tokens) > 1:
            self.tokens.pop(0)
        now = self.tokens[0]
        if isinstance(now, Exception):
            raise now
        return now


def accepting(good: str, otherwise: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    """Answers well to one token alone."""
    return lambda request: ok() if request.headers["authorization"] == f"Bearer {good}" else otherwise


@pytest.mark.parametrize("claims", [STANDARD, URL_SAFE, STANDARD.rstrip("="), URL_SAFE.rstrip("=")])
def test_s7_claims_are_read_in_every_base64(claims: str) -> None:
    assert claims_asked([challenge(claims)]) == CLAIMS
    assert claims_asked([f"Bearer error=insufficient_claims,claims={claims}"]) == CLAIMS


@pytest.mark.parametrize(
    "headers",
    [
        [f'PoP realm="a, b=\\"c\\", Bearer x", {challenge()}'],
        ["Negotiate", "NTLM abc==", challenge()],
        [f'{BEARER}, error="invalid_token", {challenge()}'],
        [f'bearer ERROR = "insufficient_claims" , CLAIMS = "{STANDARD}"'],
        [f"{challenge('@@@')}, {challenge()}"],
    ],
)
def test_s7_claims_are_found_among_other_challenges(headers: list[str]) -> None:
    assert claims_asked(headers) == CLAIMS


@pytest.mark.parametrize(
    "header",
    [
        "",
        BEARER,
        challenge(error="invalid_token"),
        f'{BEARER}, error="insufficient_claims"',
        f'Bearer error="insufficient_claims", PoP claims="{STANDARD}"',
        *map(challenge, ["", "====", "@@@@", "abc", base64.b64encode(b"\xff\xfe").decode()]),
        *(challenge(base64.b64encode(text).decode()) for text in (b"[1]", b"null", b'"x"', b"{", b"[" * 9_000)),
        challenge(base64.b64encode(json.dumps({"a": "x" * 40_000}).encode()).decode()),
        '"' * 50_000,
        "\\" * 50_000,
    ],
)
def test_s7_anything_else_is_no_challenge(header: str) -> None:
    assert claims_asked([header]) is None


@given(st.lists(st.text(max_size=200), max_size=3))
def test_any_header_is_read_without_an_error(headers: list[str]) -> None:
    assert claims_asked(headers) is None


@pytest.mark.parametrize("status", [401, 403])
async def test_s7_a_challenge_is_answered_once_with_its_claims(status: int) -> None:
    tokens = Tokens("old", "new")
    tenant = Tenant(accepting("new", denied(status, challenge())), tokens=tokens)
    await tenant.ask()
    assert tokens.asked == [(None, None), (CLAIMS, "old")]
    assert len(tenant.wire.requests) == 2


async def test_s7_a_second_challenge_is_a_persons_matter() -> None:
    tokens = Tokens("old", "new", "newer")
    tenant = Tenant(denied(401, challenge()), tokens=tokens)
    with pytest.raises(SignInNeeded) as told:
        await tenant.ask()
    assert told.value.claims == CLAIMS
    assert "Continuous access evaluation" in told.value.what
    assert len(tenant.wire.requests) == 2


async def test_s7_who_needs_a_person_says_so_in_its_own_words() -> None:
    needed = SignInNeeded("Nobody is signed in.", "Sign in.", claims=CLAIMS)
    with pytest.raises(SignInNeeded) as told:
        await Tenant(denied(401, challenge()), tokens=Tokens("old", needed)).ask()
    assert told.value is needed


async def test_a_refused_token_is_replaced_once() -> None:
    tokens = Tokens("old", "new")
    tenant = Tenant(accepting("new", denied()), tokens=tokens)
    await tenant.ask()
    await tenant.ask()
    assert tokens.asked == [(None, None), (None, "old"), (None, None)]
    assert len(tenant.wire.requests) == 3


@pytest.mark.parametrize(("tokens", "requests"), [(("old", "new", "newer"), 2), (("old", "old"), 1)])
async def test_a_token_refused_again_or_the_same_one_ends_the_request(tokens: tuple[str, ...], requests: int) -> None:
    source = Tokens(*tokens)
    tenant = Tenant(denied(message='{"Message": "Lifetime validation failed."}'), tokens=source)
    with pytest.raises(SignInError) as told:
        await tenant.ask()
    assert not isinstance(told.value, SignInNeeded)
    assert told.value.what.endswith(": Lifetime validation failed.")
    assert len(tenant.wire.requests) == requests
    assert len(source.asked) == 2


async def test_an_expired_token_may_still_be_challenged() -> None:
    tokens = Tokens("old", "renewed", "fuller")
    answers = {"Bearer old": denied(), "Bearer renewed": denied(401, challenge()), "Bearer fuller": ok()}
    tenant = Tenant(lambda request: answers[request.headers["authorization"]], tokens=tokens)
    await tenant.ask()
    assert tokens.asked[1:] == [(None, "old"), (CLAIMS, "renewed")]


async def test_the_new_token_is_asked_for_no_more_when_the_next_try_fails() -> None:
    tokens = Tokens("old", "new")
    tenant = Tenant(denied(401, challenge()), refused(503), ok(), tokens=tokens)
    await tenant.ask()
    assert tokens.asked == [(None, None), (CLAIMS, "old"), (None, None)]


async def test_a_silent_sign_in_server_is_unreachable_not_a_refusal() -> None:
    with pytest.raises(GraphUnreachable, match="silent"):
        await Tenant(denied(), tokens=Tokens("old", GraphUnreachable("login.example is silent."))).ask()


@pytest.mark.parametrize("header", [BEARER, challenge("@@@"), challenge(error="invalid_token")])
async def test_a_403_without_usable_claims_is_a_missing_permission(header: str) -> None:
    tokens = Tokens("old", "new")
    with pytest.raises(GraphForbidden):
        await Tenant(denied(403, header), tokens=tokens).ask()
    assert tokens.asked == [(None, None)]


@pytest.mark.parametrize(
    ("asked", "merged"),
    [
        ((None, None), None),
        (("", "[]", "{"), None),
        (('{"access_token": {"acrs": {"value": "c1"}}}', None), {"access_token": {"acrs": {"value": "c1"}}}),
        (
            ('{"access_token": {"acrs": 1, "nbf": 1}}', '{"access_token": {"nbf": 2}, "id_token": {"a": 1}}'),
            {"access_token": {"acrs": 1, "nbf": 1}, "id_token": {"a": 1}},
        ),
        (('{"access_token": {"acrs": 1}}', '{"access_token": 7}'), {"access_token": {"acrs": 1}}),
    ],
)
def test_two_challenges_are_one(asked: tuple[str | None, ...], merged: object) -> None:
    text = merged_claims(*asked)
    assert (None if text is None else json.loads(text)) == merged
