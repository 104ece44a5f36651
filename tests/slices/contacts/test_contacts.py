"""Finding people: every route as nobody, as another person, with nonsense, and as it should be."""

import secrets
from typing import Any

import pytest
from voprf import ristretto

from conftest import eventually, years_ago
from factories.contacts import ENTRY, Device, bind_of, bytes_of, made_entry, opened, tag_of, text_of

ROUTES = [
    ("GET", "/contacts/key", None),
    ("POST", "/contacts/evaluations", {"elements": []}),
    ("GET", "/contacts/set", None),
    ("GET", "/me/findable", None),
    ("PUT", "/me/findable", {"entries": []}),
    ("DELETE", "/me/findable", None),
]


def a_number() -> str:
    return f"tel:+3367{secrets.randbelow(10**7):07d}"


def an_address() -> str:
    return f"mailto:{secrets.token_hex(6)}@mail.example"


async def in_the_set(device: Device, output: bytes, *, there: bool = True) -> list[str]:
    """Wait until the set, which is made anew once a minute, has an entry for this output or has none."""

    async def look() -> list[list[str]]:
        found = opened(await device.published(), output)
        return [found] if bool(found) == there else []

    return (await eventually(look, seconds=90, every=1))[0]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_nobody_finds_or_is_found_signed_out(client: Any, method: str, path: str, body: Any) -> None:
    answer = await client.request(method, "/api/v1" + path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "accounts.sign_in_required")


async def test_two_people_find_each_other_by_number_and_address(sign_up: Any) -> None:
    ada, ben, eve = await sign_up(), await sign_up(), await sign_up()
    number, address = a_number(), an_address()
    made = await Device(ada).be_found_by(number, address)
    assert made.status_code == 200, made.text
    assert made.json()["kinds"] == ["phone", "email"]
    assert (await ada.get("/me/findable")).json() == made.json()
    outputs = await Device(ben).outputs([number, address, a_number()])
    assert await in_the_set(Device(ben), outputs[0]) == [ada.handle]
    entries = await Device(ben).published()
    assert [opened(entries, each) for each in outputs] == [[ada.handle], [ada.handle], []]
    assert (await eve.get("/me/findable")).json() == {"kinds": [], "made_at": None, "dropped_at": None}
    # Ending somebody else's is not possible, one's own is.
    assert (await eve.delete("/me/findable")).status_code == 204
    assert (await ada.get("/me/findable")).json()["kinds"] == ["phone", "email"]
    assert (await ada.delete("/me/findable")).status_code == 204
    assert (await ada.get("/me/findable")).json()["kinds"] == []
    assert await in_the_set(Device(ben), outputs[0], there=False) == []


async def test_everybody_is_evaluated_with_one_key_and_nobody_with_another(sign_up: Any) -> None:
    ada, ben = await sign_up(), await sign_up()
    assert (await ada.get("/contacts/key")).json() == (await ben.get("/contacts/key")).json()
    number = a_number()
    assert await Device(ada).outputs([number]) == await Device(ben).outputs([number])
    client, blinded = ristretto.Client.blind(number.encode())
    told = (await Device(ada).ask([blinded.serialize()])).json()
    output = ristretto.VerifiableOutput.deserialize(bytes_of(told["proof"]) + bytes_of(told["evaluated"][0]))
    with pytest.raises(ValueError, match="proof"):
        client.finalize(output, ristretto.Evaluator(bytes(range(32))).public_key)


@pytest.mark.parametrize(
    "elements",
    [[], ["AA"], [text_of(bytes(32))], [text_of(b"\xff" * 32)], ["not base64!"], ["é"], [text_of(bytes(33))]],
)
async def test_what_is_no_element_is_refused_and_costs_nothing(sign_up: Any, elements: list[str]) -> None:
    ada = await sign_up()
    answer = await ada.post("/contacts/evaluations", {"elements": elements})
    assert answer.status_code == 422
    whole = ristretto.Client.blind(b"tel:+33600000000")[1].serialize()
    assert (await Device(ada).ask([whole])).json()["left"] == 499


async def test_more_than_a_hundred_at_a_time_are_refused(sign_up: Any) -> None:
    ada = await sign_up()
    one = ristretto.Client.blind(b"tel:+33600000000")[1].serialize()
    assert (await Device(ada).ask([one] * 101)).status_code == 422
    answer = await Device(ada).ask([one] * 100)
    assert (answer.status_code, answer.json()["left"]) == (200, 400)
    assert len(answer.json()["evaluated"]) == 100
    assert len(bytes_of(answer.json()["proof"])) == 64
    assert answer.headers["cache-control"] == "no-store"


def _entry(**changes: Any) -> dict[str, Any]:
    output = secrets.token_bytes(64)
    made = {"kind": "phone", "entry": text_of(made_entry(output, "x")), "bind": text_of(bind_of(output))}
    return {**made, **changes}


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [_entry()] * 3,
        [_entry(kind="fax")],
        [_entry(entry=text_of(bytes(75)))],
        [_entry(entry=text_of(bytes(77)))],
        [_entry(entry="!" * 102)],
        [_entry(bind=text_of(bytes(31)))],
        [_entry(bind="")],
        [{"kind": "phone"}],
        [_entry(number="+33600000000")],
    ],
)
async def test_what_makes_nobody_findable_is_refused_whole(sign_up: Any, entries: Any) -> None:
    ada = await sign_up()
    assert (await ada.put("/me/findable", {"entries": [_entry()]})).status_code == 200
    before = (await ada.get("/me/findable")).json()
    assert (await ada.put("/me/findable", {"entries": entries})).status_code == 422
    assert (await ada.get("/me/findable")).json() == before


async def test_new_entries_take_the_place_of_the_old(sign_up: Any, admin: Any) -> None:
    ada = await sign_up()
    for count in (2, 1):
        entries = [_entry() for _ in range(count)] + [_entry(kind="email")]
        assert (await ada.put("/me/findable", {"entries": entries})).status_code == 200
        kept = await admin.fetch("SELECT entry FROM contact_entries WHERE person_id = $1::uuid", ada.id)
        assert {row["entry"][:76] for row in kept} == {bytes_of(each["entry"]) for each in entries}


async def test_nobody_under_sixteen_can_be_found(sign_up: Any, web_role: Any) -> None:
    young = await sign_up(birth_date=years_ago(14))
    refused = await young.put("/me/findable", {"entries": [_entry()]})
    assert (refused.status_code, refused.json()["code"]) == (403, "contacts.too_young")
    assert (await young.get("/me/findable")).json()["kinds"] == []
    # They can look for others.
    assert len(await Device(young).outputs([a_number()])) == 1


async def test_an_entry_that_names_somebody_else_is_found_by_nobody(sign_up: Any) -> None:
    """Anybody can write any handle into an entry of their own; what the realm adds does not fit then."""
    ada, mallory = await sign_up(), await sign_up()
    output = (await Device(mallory).outputs([a_number()]))[0]
    entry = {
        "kind": "phone",
        "entry": text_of(made_entry(output, ada.handle)),
        "bind": text_of(bind_of(output)),
    }
    honest = (await Device(mallory).outputs([a_number()]))[0]
    other = {
        "kind": "phone",
        "entry": text_of(made_entry(honest, mallory.handle)),
        "bind": text_of(bind_of(honest)),
    }
    assert (await mallory.put("/me/findable", {"entries": [entry, other]})).status_code == 200
    assert await in_the_set(Device(ada), honest) == [mallory.handle]
    entries = await Device(ada).published()
    assert any(entries[at : at + 8] == tag_of(output) for at in range(0, len(entries), ENTRY))
    assert opened(entries, output) == []


async def test_the_set_is_sorted_the_same_for_everyone_and_fetched_once(sign_up: Any) -> None:
    ada, ben = await sign_up(), await sign_up()
    output = (await Device(ada).outputs([a_number()]))[0]
    entry = {
        "kind": "phone",
        "entry": text_of(made_entry(output, ada.handle)),
        "bind": text_of(bind_of(output)),
    }
    assert (await ada.put("/me/findable", {"entries": [entry, _entry()]})).status_code == 200
    await in_the_set(Device(ben), output)
    mine, theirs = await ada.get("/contacts/set"), await ben.get("/contacts/set")
    assert mine.headers["content-type"] == "application/octet-stream"
    assert mine.headers["cache-control"] == "private, no-cache"
    assert (mine.headers["etag"], mine.content) == (theirs.headers["etag"], theirs.content)
    entries = [mine.content[at : at + ENTRY] for at in range(0, len(mine.content), ENTRY)]
    assert len(entries) >= 2
    assert entries == sorted(entries)
    assert {len(each) for each in entries} == {ENTRY}
    assert ada.handle.encode() not in mine.content
    again = await ben.get("/contacts/set", headers={"if-none-match": mine.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await ben.get("/contacts/set", headers={"if-none-match": '"other"'})).status_code == 200


async def test_another_handle_ends_it_and_the_person_is_told(sign_up: Any, admin: Any) -> None:
    ada = await sign_up()
    assert (await ada.put("/me/findable", {"entries": [_entry()]})).status_code == 200
    # There is no way to change one's handle yet; whatever will be, goes through this row.
    changed = f"{ada.handle}x"
    await admin.execute("UPDATE people SET handle = $2, handle_key = $2 WHERE id = $1::uuid", ada.id, changed)
    told = (await ada.get("/me/findable")).json()
    assert (told["kinds"], told["made_at"]) == ([], None)
    assert told["dropped_at"]
    assert (await ada.put("/me/findable", {"entries": [_entry()]})).json()["dropped_at"] is None
    await admin.execute("UPDATE people SET display_name = 'x' WHERE id = $1::uuid", ada.id)
    assert (await ada.get("/me/findable")).json()["kinds"] == ["phone"]
