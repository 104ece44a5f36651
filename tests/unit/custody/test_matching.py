"""The oblivious function in the keys process: the published vectors, who may ask, what it costs, what stays."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.custody.conftest import House
from voprf import ristretto

from factories import contacts
from reelm.contacts.service import said_by
from reelm.custody import errors
from reelm.custody.matching import INFO, key_id_of
from reelm.kit.errors import SignInRequiredError

VECTORS = json.loads((Path(__file__).parents[3] / "spec/contacts/vectors.json").read_bytes())
SEED = bytes.fromhex(VECTORS["seed"])


def blinded(*inputs: str) -> tuple[list[ristretto.Client], bytes]:
    pairs = [ristretto.Client.blind(each.encode()) for each in inputs]
    return [client for client, _ in pairs], b"".join(element.serialize() for _, element in pairs)


# --- the published vectors ------------------------------------------------------------------------------------


def test_the_function_is_that_of_the_standard() -> None:
    """RFC 9497, appendix A.1.2."""
    evaluator = ristretto.Evaluator.from_seed(b"\xa3" * 32, b"test key")
    known = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e"
    assert evaluator.public_key.serialize().hex() == known
    assert evaluator.evaluate_known_input(b"\0").hex() == (
        "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
        "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c"
    )


def test_the_key_of_the_vectors() -> None:
    assert VECTORS["info"].encode() == INFO
    public = ristretto.Evaluator.from_seed(SEED, INFO).public_key.serialize()
    assert public.hex() == VECTORS["public_key"]
    assert key_id_of(public) == VECTORS["key_id"]


@pytest.mark.parametrize("line", VECTORS["entries"], ids=lambda line: line["input"])
def test_every_line_of_the_vectors(line: dict[str, str]) -> None:
    evaluator = ristretto.Evaluator.from_seed(SEED, INFO)
    element = ristretto.BlindedInput.deserialize(bytes.fromhex(line["blinded"]))
    assert evaluator.evaluate_batch([element]).serialize()[64:].hex() == line["evaluated"]
    output = evaluator.evaluate_known_input(line["input"].encode())
    assert output.hex() == line["output"]
    assert contacts.tag_of(output).hex() == line["tag"]
    assert contacts.key_of(output).hex() == line["key"]
    assert contacts.bind_of(output).hex() == line["bind"]
    made = contacts.made_entry(output, line["handle"], bytes.fromhex(line["nonce"]))
    assert made.hex() == line["made"]
    assert said_by(bytes.fromhex(line["bind"]), line["handle"]).hex() == line["said_by"]
    assert contacts.opened(bytes.fromhex(VECTORS["set"]), output) == [line["handle"]]


# --- the keys process -----------------------------------------------------------------------------------------


async def test_what_comes_out_is_proven_and_the_same_after_a_restart(house: House) -> None:
    client = house.client()
    person, token = await house.person(client)
    house.rows.allowances[person] = 10
    public, outputs = await client.matching_key(), []
    assert public.key_id == key_id_of(public.key)
    for _ in range(2):
        clients, elements = blinded("tel:+33612345678", "mailto:ada@mail.example")
        told = await client.evaluate_elements(token, elements)
        assert told.key_id == public.key_id
        assert (len(told.elements), len(told.proof)) == (64, 64)
        batch = ristretto.VerifiableBatchOutput.deserialize(told.proof + told.elements)
        outputs.append(
            ristretto.Client.finalize_batch(clients, batch, ristretto.PublicKey.deserialize(public.key))
        )
        await house.stop()
        await house.start()
    assert outputs[0] == outputs[1]
    assert told.left == 6
    assert await client.matching_key() == public


async def test_whoever_has_no_allowance_left_learns_nothing_but_when(house: House) -> None:
    client = house.client()
    person, token = await house.person(client)
    house.rows.allowances[person] = 3
    assert (await client.evaluate_elements(token, blinded("a", "b")[1])).left == 1
    with pytest.raises(errors.EnoughEvaluatedError) as refused:
        await client.evaluate_elements(token, blinded("c", "d")[1])
    assert refused.value.fields == {"left": "1", "at": "2026-11-21T13:00:00Z"}
    assert refused.value.retry_after_seconds == 3600
    assert (await client.evaluate_elements(token, blinded("c")[1])).left == 0


async def test_a_session_that_ended_evaluates_nothing(house: House) -> None:
    client = house.client()
    person, token = await house.person(client)
    house.rows.allowances[person] = 3
    await client.revoke(token)
    with pytest.raises(SignInRequiredError):
        await client.evaluate_elements(token, blinded("a")[1])
    assert house.rows.allowances[person] == 3


@pytest.mark.parametrize("caller", ["worker", "sequencer"])
async def test_no_other_process_may_ask(house: House, caller: str) -> None:
    person, token = await house.person(house.client())
    house.rows.allowances[person] = 3
    other = house.client(caller)
    with pytest.raises(errors.CallerRefusedError):
        await other.evaluate_elements(token, blinded("a")[1])
    with pytest.raises(errors.CallerRefusedError):
        await other.matching_key()


@pytest.mark.parametrize(
    "elements",
    [b"", bytes(31), bytes(32), b"\xff" * 32, bytes(33), blinded("a")[1] * 101, blinded("a")[1] + b"x"],
    ids=["none", "short", "zero", "high", "long", "too many", "more"],
)
async def test_what_is_no_element_costs_nothing(house: House, elements: bytes) -> None:
    client = house.client()
    person, token = await house.person(client)
    house.rows.allowances[person] = 200
    with pytest.raises(errors.ElementUnsuitableError):
        await client.evaluate_elements(token, elements)
    assert house.rows.allowances[person] == 200


async def test_the_key_is_in_no_answer_and_sealed_in_the_store(house: House) -> None:
    client = house.client()
    person, token = await house.person(client)
    house.rows.allowances[person] = 3
    public = await client.matching_key()
    told = await client.evaluate_elements(token, blinded("a")[1])
    assert house.keeper is not None
    seed = house.keeper.store.secret("contacts", 0, lambda: b"none")
    assert len(seed) == 32
    answered = (
        public.key + public.key_id.encode() + told.elements + told.proof + repr((public, told)).encode()
    )
    assert seed not in answered
    assert not [path for path in (house.folder / "keys").iterdir() if seed in path.read_bytes()]


def test_no_process_loads_the_library_before_it_is_needed() -> None:
    code = (
        "import sys, reelm.entrypoints.keys, reelm.entrypoints.web, reelm.entrypoints.worker; "
        "sys.exit(any(name.split('.')[0] == 'voprf' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- entries --------------------------------------------------------------------------------------------------


@given(
    st.binary(min_size=64, max_size=64),
    st.from_regex("[a-z0-9_.]{2,30}", fullmatch=True),
    st.integers(0, 735),
)
def test_an_entry_changed_in_any_bit_is_nobodys(output: bytes, handle: str, bit: int) -> None:
    entry = contacts.made_entry(output, handle) + said_by(contacts.bind_of(output), handle)
    assert contacts.opened(entry, output) == [handle]
    changed = bytearray(entry)
    changed[bit // 8] ^= 1 << bit % 8
    assert contacts.opened(bytes(changed), output) == []
