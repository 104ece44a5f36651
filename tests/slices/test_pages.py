"""The app's page and files: link previews, caching, headers."""


async def test_every_address_of_the_app_answers_with_the_app(client):
    for path in ("/", "/search", "/make", "/settings/privacy", "/your-data", "/sign-up"):
        answer = await client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].startswith("text/html")
        assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_a_persons_link_shows_who_it_is_escaped(client, sign_up):
    person = await sign_up(display_name='<script>"x"')
    page = (await client.get(f"/@{person.handle}")).text
    assert f'<meta property="profile:username" content="{person.handle}">' in page
    assert "&lt;script&gt;&quot;x&quot;" in page
    assert '<script>"x"' not in page


async def test_a_link_to_nobody_is_not_found_but_still_the_app(client):
    answer = await client.get("/@nobody.there")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


async def test_what_the_api_does_not_know_is_a_problem_body(client):
    answer = await client.get("/api/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "reelm.not_found")
    wrong = await client.request("PUT", "/api/v1/realm")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "reelm.method_not_allowed")
