"""Who may do what: log-in, lock-out, forgery, tokens, a trusted proxy, and a role declared by every route."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from codesuggest.errors import SignInError, TooOftenError
from codesuggest.settings import Settings
from codesuggest.signin import CoderChange, LockOut, add_coder, change_coder, sign_in
from codesuggest.store import tables
from codesuggest.store.database import Database
from codesuggest.store.log import now
from codesuggest.suggest import Suggester
from codesuggest.web import create_app
from codesuggest.web.headers import HEADERS
from codesuggest.web.limits import RateLimit
from codesuggest.web.who import COOKIE, May
from reviewers import Department, department

PASSWORD = "three random words"


@pytest.fixture
def ward(suggester: Suggester, sqlite_url: str) -> Iterator[Department]:
    with department(suggester, sqlite_url) as made:
        yield made


@pytest.fixture
def ada(ward: Department) -> TestClient:
    """A browser at the door; ada has a password."""
    with ward.database.writing() as session:
        add_coder(session, "ada", CoderChange(role="lead", password=PASSWORD), by="tests")
    return TestClient(ward.app, base_url="https://testserver")


def leaves(app: Any) -> Iterator[Any]:
    """Every route, those of included routers too: FastAPI keeps these inside an object of its own."""
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        yield from leaves(inner) if inner is not None else [route]


def routes(app: Any) -> list[APIRoute]:
    found = [route for route in leaves(app) if isinstance(route, APIRoute)]
    assert len(found) > 30, "the routes are not where this looks for them"
    return found


def declared(route: APIRoute) -> list[May]:
    return [dependency.call for dependency in route.dependant.dependencies if isinstance(dependency.call, May)]


def test_every_route_declares_who_may_use_it(ward: Department) -> None:
    assert [route.path for route in routes(ward.app) if len(declared(route)) != 1] == []


def test_nothing_is_served_but_declared_routes_and_their_description(ward: Department) -> None:
    assert [route.path for route in leaves(ward.app) if not isinstance(route, APIRoute)] == ["/openapi.json"]


def test_every_route_refuses_whoever_has_less_than_its_role(ward: Department) -> None:
    order = ["coder", "lead", "administrator"]
    people = {role: ward.person(role[:3], role) for role in order}
    nobody = TestClient(ward.app, base_url="https://testserver")
    wrong = []
    for route in routes(ward.app):
        (may,) = declared(route)
        path = route.path.replace("{id}", "999999").replace("{name}", "nobody")
        for method in route.methods or ():
            if may.role == "anyone":
                continue
            if nobody.request(method, path).status_code != 401:
                wrong.append(f"nobody {method} {path}")
            less = order[: order.index(may.role)]
            wrong += [
                f"{role} {method} {path}" for role in less if people[role].http.request(method, path).status_code != 403
            ]
    assert wrong == []


def test_a_token_reaches_only_what_its_scopes_name(ward: Department) -> None:
    admin = ward.person("root", "administrator")
    made = admin.post("/v1/tokens", {"name": "bulk", "scopes": ["incidents:write"]}).json()
    machine = TestClient(ward.app, headers={"Authorization": f"Bearer {made['secret']}"})
    assert machine.post("/v1/incidents", json={"id": "W1", "text": "Film lost"}).status_code == 201
    refused = [
        (method, route.path)
        for route in routes(ward.app)
        for method in route.methods or ()
        if declared(route)[0].scope != "incidents:write" and declared(route)[0].role != "anyone"
        if machine.request(method, route.path.replace("{id}", "1").replace("{name}", "root")).status_code != 403
    ]
    assert refused == []


def test_a_token_is_shown_once_kept_as_a_hash_and_dies_when_revoked(ward: Department) -> None:
    admin = ward.person("root", "administrator")
    made = admin.post("/v1/tokens", {"name": "bulk", "scopes": ["incidents:read"]}).json()
    machine = TestClient(ward.app, headers={"Authorization": f"Bearer {made['secret']}"})
    assert machine.get("/v1/incidents").status_code == 200
    assert made["secret"] not in admin.get("/v1/tokens").text
    with ward.database.reading() as session:
        assert made["secret"] not in session.get_one(tables.Token, made["id"]).secret_hash
    assert admin.http.delete(f"/v1/tokens/{made['id']}").status_code == 204
    assert machine.get("/v1/incidents").status_code == 401


def test_the_right_password_opens_a_session_that_scripts_cannot_read(ada: TestClient) -> None:
    answer = ada.post("/v1/session", json={"name": "Ada", "password": PASSWORD})
    assert answer.json() == {"name": "ada", "role": "lead", "site": ""}
    cookie = answer.headers["set-cookie"]
    assert all(flag in cookie for flag in ("HttpOnly", "SameSite=strict", "Secure", "Path=/"))
    assert ada.get("/v1/me").json()["name"] == "ada"


def test_wrong_name_and_wrong_password_are_answered_alike(ada: TestClient) -> None:
    answers = [ada.post("/v1/session", json={"name": name, "password": "wrong"}) for name in ("ada", "nobody")]
    assert answers[0].json() == answers[1].json()
    assert answers[0].status_code == 401


def test_five_wrong_passwords_lock_the_account_until_an_administrator_lifts_it(
    ada: TestClient, ward: Department
) -> None:
    for _ in range(5):
        ada.post("/v1/session", json={"name": "ada", "password": "wrong"})
    assert ada.post("/v1/session", json={"name": "ada", "password": PASSWORD}).status_code == 401
    admin = ward.person("root", "administrator")
    assert admin.http.patch("/v1/coders/ada", json={"display_name": "Ada"}).json()["locked_until"] is None
    assert ada.post("/v1/session", json={"name": "ada", "password": PASSWORD}).status_code == 200


def test_a_lock_out_ends_by_itself(ward: Department, ada: TestClient) -> None:
    at_once = LockOut(n_failures=1, lasting=dt.timedelta(seconds=0))
    for password in ("wrong", PASSWORD):
        try:
            sign_in(ward.database, "ada", password, lasting=dt.timedelta(hours=1), lock_out=at_once)
        except SignInError:
            assert password == "wrong"


def test_signing_out_ends_the_session_for_good(ada: TestClient) -> None:
    ada.post("/v1/session", json={"name": "ada", "password": PASSWORD})
    kept = ada.cookies[COOKIE]
    ada.delete("/v1/session", headers={"X-CSRF-Token": ada.get("/v1/me").json()["csrf"]})
    ada.cookies.set(COOKIE, kept)
    assert ada.get("/v1/me").status_code == 401


def test_an_expired_session_is_none(ward: Department) -> None:
    coder = ward.person("cod")
    with ward.database.writing() as session:
        session.get_one(tables.Session, 1).expires_at = now() - dt.timedelta(seconds=1)
    assert coder.get("/v1/me").status_code == 401


def test_a_change_of_role_or_password_ends_every_session(ward: Department) -> None:
    coder = ward.person("cod")
    ward.person("root", "administrator")
    with ward.database.writing() as session:
        change_coder(session, "cod", CoderChange(role="lead"), by="root")
    assert coder.get("/v1/me").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "0" * 64},
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_change_sent_by_another_sites_page_is_refused(ward: Department, headers: dict[str, str]) -> None:
    coder = ward.person("cod")
    assert coder.http.post("/v1/next", headers=headers).status_code == 403
    assert coder.http.post("/v1/next", headers={"Origin": "https://testserver"}).status_code == 200


def test_a_form_may_send_its_token_in_a_field(ward: Department) -> None:
    coder = ward.person("cod")
    token = coder.http.headers.pop("X-CSRF-Token")
    assert coder.http.post("/v1/next", data={"csrf": token}).status_code == 200
    assert coder.http.post("/v1/next", data={"csrf": "wrong"}).status_code == 403


@pytest.mark.parametrize(("password", "words"), [("short", "12 to 200"), ("cod is my name", "holds the name")])
def test_weak_passwords_are_refused(ward: Department, password: str, words: str) -> None:
    with pytest.raises(SignInError, match=words), ward.database.writing() as session:
        add_coder(session, "cod", CoderChange(password=password), by="tests")


def test_the_last_administrator_stays(ward: Department) -> None:
    admin = ward.person("root", "administrator")
    for change in ({"role": "coder"}, {"is_active": False}):
        assert admin.http.patch("/v1/coders/root", json=change).status_code == 409
    assert admin.get("/v1/coders").status_code == 200


def test_a_trusted_proxy_says_who_asks_and_nobody_else_is_believed(suggester: Suggester, sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        add_coder(session, "ada", CoderChange(), by="tests")
    app = create_app(suggester, Settings(auth="proxy", database_url=sqlite_url, proxy_addresses="10.0.0.9"))
    named = {"X-Forwarded-User": "Ada"}
    proxy = TestClient(app, client=("10.0.0.9", 1))
    assert proxy.get("/v1/me", headers=named).json()["name"] == "ada"
    assert proxy.get("/v1/me", headers={"X-Forwarded-User": "unknown"}).status_code == 401
    assert proxy.post("/v1/session", json={"name": "ada", "password": "x"}).status_code == 403
    assert TestClient(app, client=("10.0.0.8", 1)).get("/v1/me", headers=named).status_code == 401
    database.close()
    app.state.service.database.close()


def test_behind_a_proxy_a_forms_token_is_each_persons_own_and_good_for_a_day(
    suggester: Suggester, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(sqlite_url)
    with database.writing() as session:
        for name in ("ada", "bob"):
            add_coder(session, name, CoderChange(), by="tests")
    app = create_app(suggester, Settings(auth="proxy", database_url=sqlite_url, proxy_addresses="10.0.0.9"))
    proxy = TestClient(app, client=("10.0.0.9", 1))
    tokens = {n: proxy.get("/v1/me", headers={"X-Forwarded-User": n}).json()["csrf"] for n in ("ada", "Ada", "bob")}
    assert tokens["ada"] == tokens["Ada"] != tokens["bob"]

    def sent(token: str) -> int:
        return proxy.post("/v1/next", headers={"X-Forwarded-User": "ada", "X-CSRF-Token": token}).status_code

    assert [sent(token) for token in ("", "none", tokens["bob"], tokens["ada"])] == [403, 403, 403, 200]
    today = dt.datetime.now(dt.UTC).date()
    for days, status in ((1, 200), (2, 403)):
        later = today + dt.timedelta(days=days)
        monkeypatch.setattr("codesuggest.web.who._days", lambda at=later: (at, at - dt.timedelta(days=1)))
        assert sent(tokens["ada"]) == status
    monkeypatch.undo()
    with database.writing() as session:
        session.get_one(tables.ServerSecret, 1).value = "another store's"
    other = create_app(suggester, Settings(auth="proxy", database_url=sqlite_url, proxy_addresses="10.0.0.9"))
    named = {"X-Forwarded-User": "ada", "X-CSRF-Token": tokens["ada"]}
    assert TestClient(other, client=("10.0.0.9", 1)).post("/v1/next", headers=named).status_code == 403
    database.close()
    for one in (app, other):
        one.state.service.database.close()


def test_every_answer_carries_the_security_headers(ward: Department) -> None:
    http = TestClient(ward.app)
    for path in ("/healthz", "/v1/me", "/nowhere"):
        assert {name: http.get(path).headers[name] for name in HEADERS} == HEADERS
    assert "unsafe-inline" not in HEADERS["Content-Security-Policy"]


def test_who_asks_too_often_waits(ward: Department) -> None:
    at = 0.0
    limit = RateLimit(60, clock=lambda: at)
    for _ in range(60):
        limit.take("cod")
    with pytest.raises(TooOftenError):
        limit.take("cod")
    limit.take("another")
    at = 1.0
    limit.take("cod")


def test_too_many_requests_are_told_when_to_come_back(suggester: Suggester, sqlite_url: str) -> None:
    with department(suggester, sqlite_url, requests_per_minute=3) as made:
        answers = [TestClient(made.app).get("/healthz") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["retry-after"]


def test_who_did_what_is_on_the_audit_log(ward: Department) -> None:
    admin = ward.person("root", "administrator")
    admin.post("/v1/coders", {"name": "new", "role": "coder"})
    entry = admin.get("/v1/audit-log").json()["entries"][0]
    assert (entry["actor"], entry["action"], entry["subject"]) == ("root", "add coder", "coder new")
