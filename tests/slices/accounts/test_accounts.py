"""Joining, signing in and out, oneself and blocks, over HTTP against a real realm."""

import pytest

from conftest import PASSWORD, sign_up_body, years_ago


async def test_a_person_joins_signs_in_and_reads_everything_about_themselves(client, sign_up):
    person = await sign_up(email="Someone@Example.org", phone="+33 6 12 34 56 78", display_name="Ana É")
    me = (await person.get("/me")).json()
    assert me["handle"] == person.handle
    assert me["email"] == "Someone@Example.org"
    assert me["phone"] == "+33 6 12 34 56 78"
    assert me["birth_date"] == "1999-04-12"
    assert me["age_band"] == "adult"
    assert me["private"] is False


async def test_nothing_about_oneself_is_served_to_the_signed_out(client):
    answer = await client.get("/api/v1/me")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "accounts.sign_in_required"


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"handle": "a"}, "accounts.handle_unsuitable", 422),
        ({"handle": "admin"}, "accounts.handle_unsuitable", 422),
        ({"handle": "no spaces"}, "accounts.handle_unsuitable", 422),
        ({"birth_date": years_ago(9)}, "accounts.too_young", 403),
        ({"birth_date": "2199-01-01"}, "accounts.birth_date_unsuitable", 422),
        ({"birth_date": "yesterday"}, "reelm.invalid_request", 422),
        ({"country": "France"}, "reelm.invalid_request", 422),
        ({"password": "short"}, "custody.password_unsuitable", 422),
        ({"password": None}, "custody.credential_missing", 422),
        ({"email": "not an address"}, "custody.contact_unsuitable", 422),
        ({"phone": "12"}, "custody.contact_unsuitable", 422),
        ({"invitation": "never-made"}, "accounts.invitation_refused", 403),
    ],
)
async def test_a_sign_up_that_cannot_be_says_why_and_leaves_nothing(client, changes, code, status):
    body = sign_up_body(**changes)
    answer = await client.post("/api/v1/accounts", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    again = await client.post("/api/v1/sessions", json={"handle": body["handle"], "password": PASSWORD})
    assert again.status_code in {401, 422}


async def test_a_handle_belongs_to_one_person_whatever_its_case(client, sign_up):
    person = await sign_up()
    answer = await client.post("/api/v1/accounts", json=sign_up_body(person.handle.upper()))
    assert answer.status_code == 409
    assert answer.json()["fields"] == {"handle": "taken"}


async def test_under_sixteen_an_account_begins_private(sign_up):
    young = await sign_up(birth_date=years_ago(14))
    me = (await young.get("/me")).json()
    assert (me["private"], me["age_band"]) == (True, "under16")


async def test_unknown_name_and_wrong_password_answer_alike(client, sign_up):
    person = await sign_up()
    wrong = await client.post("/api/v1/sessions", json={"handle": person.handle, "password": "wrong wrong"})
    unknown = await client.post(
        "/api/v1/sessions", json={"handle": "nobody.at.all", "password": "wrong wrong"}
    )
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["code"] == unknown.json()["code"] == "custody.sign_in_refused"
    assert wrong.json()["title"] == unknown.json()["title"]


async def test_signing_out_everywhere_ends_every_session_at_once(client, sign_up):
    person = await sign_up()
    other = await client.post("/api/v1/sessions", json={"handle": person.handle, "password": PASSWORD})
    client.cookies.clear()
    token = other.json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 200
    listed = (await person.get("/sessions")).json()["items"]
    assert sorted(line["current"] for line in listed) == [False, True]
    assert (await person.delete("/sessions")).status_code == 204
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401
    assert (await person.get("/me")).status_code == 401


async def test_one_session_can_be_ended_from_another_but_not_a_strangers(client, sign_up):
    person, stranger = await sign_up(), await sign_up()
    other = await client.post("/api/v1/sessions", json={"handle": person.handle, "password": PASSWORD})
    client.cookies.clear()
    session = next(s for s in (await person.get("/sessions")).json()["items"] if not s["current"])
    assert (await stranger.delete(f"/sessions/{session['id']}")).status_code == 404
    assert (await person.delete(f"/sessions/{session['id']}")).status_code == 204
    headers = {"authorization": f"Bearer {other.json()['token']}"}
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


async def test_what_one_says_of_oneself_can_be_changed(sign_up):
    person = await sign_up(email="first@example.org")
    changed = await person.patch(
        "/me",
        {"display_name": " Zoé ", "bio": "makes clips", "language": "fr", "email": None, "country": "DE"},
    )
    assert changed.status_code == 200
    me = changed.json()
    assert (me["display_name"], me["bio"], me["language"]) == ("Zoé", "makes clips", "fr")
    assert (me["email"], me["country"]) == (None, "DE")
    assert (await person.patch("/me", {"display_name": " "})).status_code == 422
    assert (await person.patch("/me", {"role": "operator"})).status_code == 422


async def test_one_address_serves_one_account(sign_up, client):
    await sign_up(email="unique@example.org")
    taken = await client.post("/api/v1/accounts", json=sign_up_body(email="UNIQUE@example.org"))
    assert (taken.status_code, taken.json()["code"]) == (409, "accounts.contact_taken")


async def test_a_new_password_ends_the_other_sessions(client, sign_up):
    person = await sign_up()
    other = await client.post("/api/v1/sessions", json={"handle": person.handle, "password": PASSWORD})
    client.cookies.clear()
    refused = await person.put("/me/password", {"current": "not this one", "new": "a brand new secret"})
    assert refused.status_code == 401
    assert (
        await person.put("/me/password", {"current": PASSWORD, "new": "a brand new secret"})
    ).status_code == 204
    headers = {"authorization": f"Bearer {other.json()['token']}"}
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401
    old = await client.post("/api/v1/sessions", json={"handle": person.handle, "password": PASSWORD})
    assert old.status_code == 401


async def test_a_cookie_from_another_site_moves_nothing(client, sign_up):
    person = await sign_up()
    cookie = {"cookie": f"reelm_session={person.token}"}
    for headers in ({}, {"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        answer = await client.patch("/api/v1/me", json={"bio": "moved"}, headers={**cookie, **headers})
        assert (answer.status_code, answer.json()["code"]) == (403, "reelm.foreign_origin")
    own = await client.patch(
        "/api/v1/me", json={"bio": "own"}, headers={**cookie, "sec-fetch-site": "same-origin"}
    )
    assert own.status_code == 200
    assert own.json()["bio"] == "own"


async def test_an_operators_link_works_once(client, realm, sign_up):
    from reelm.entrypoints import operator

    link = await __import__("asyncio").to_thread(operator.invite, realm.settings, always=True)
    token = link.rpartition("=")[2]
    first = await sign_up(invitation=token)
    assert (await first.get("/me")).json()["role"] == "operator"
    again = await client.post("/api/v1/accounts", json=sign_up_body(invitation=token))
    assert (again.status_code, again.json()["code"]) == (403, "accounts.invitation_refused")


async def test_blocks_are_ones_own_affair(sign_up):
    person, other = await sign_up(), await sign_up()
    assert (await person.put(f"/people/{other.handle}/block")).status_code == 204
    assert (await person.put(f"/people/{other.handle}/block")).status_code == 204
    listed = (await person.get("/me/blocks")).json()["items"]
    assert [card["handle"] for card in listed] == [other.handle]
    assert (await other.get("/me/blocks")).json()["items"] == []
    assert (await other.put(f"/people/{person.handle}/block")).status_code == 404
    assert (await person.put("/people/nobody.here/block")).status_code == 404
    assert (await person.put(f"/people/{person.handle}/block")).status_code == 422
    assert (await person.delete(f"/people/{other.handle}/block")).status_code == 204
    assert (await person.get("/me/blocks")).json()["items"] == []


async def test_adding_a_passkey_takes_a_right_proof_where_one_is_given(client, sign_up):
    person = await sign_up("adder")
    url = "/api/v1/me/passkeys/options"
    assert (await client.post(url)).status_code == 401
    assert (await client.post(url, headers=person.headers)).status_code == 200
    wrong = await client.post(url, headers=person.headers, json={"password": "not this one"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "custody.sign_in_refused")
    assert wrong.json()["fields"] == {"password": "wrong"}
    for malformed in ({"password": ""}, {"pasword": "x"}, {"passkey": {}}):
        assert (await client.post(url, headers=person.headers, json=malformed)).status_code == 422
    assert (await client.get("/api/v1/me/passkeys", headers=person.headers)).json() == {"items": []}
