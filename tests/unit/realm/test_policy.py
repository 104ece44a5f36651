"""Border policies: what isn't permitted by name is refused, and a text that could surprise is refused beforehand."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.realm import policy
from reelm.realm.policy import Context, PolicyError, PolicySet, Verdict, check, decide

TEXT = """
@id("public-within")
permit(principal, action in [Action::"Create", Action::"Update"], resource is Object)
when { context.network_member && context.data_class == "public" && resource.type == "Video" };

@id("consented")
permit(principal, action == Action::"Follow", resource)
when { context.network_member && ["social", "public"].contains(context.data_class) };

@id("never")
forbid(principal, action, resource) when { ["identity", "private"].contains(context.data_class) };
"""
SPEC = Path(__file__).parents[3] / "spec" / "border" / "policy.cedarschema.json"


def asked(act: str, kind: str, data_class: str, member: bool = True) -> Verdict:
    context = Context(
        peer="world", network_member=member, data_class=data_class, purpose="publish", object_type=kind
    )
    return decide(PolicySet(TEXT), "us", act, kind, context)


def test_a_policy_that_permits_is_named() -> None:
    assert asked("Create", "Video", "public") == Verdict(True, "public-within")
    assert asked("Follow", "Person", "social") == Verdict(True, "consented")


def test_what_no_policy_permits_is_refused() -> None:
    assert asked("Create", "Video", "social") == Verdict(False, "")
    assert asked("Create", "Note", "public") == Verdict(False, "")
    assert asked("Create", "Video", "public", member=False) == Verdict(False, "")
    assert decide(PolicySet(""), "us", "Create", "Video", _public()) == Verdict(False, "")


def test_a_policy_that_forbids_wins_and_is_named() -> None:
    assert asked("Follow", "Person", "identity") == Verdict(False, "never")


def test_an_act_that_nobody_knows_is_refused() -> None:
    assert not asked("Sell", "Video", "public").allowed


def test_a_forbidding_policy_that_cannot_be_evaluated_refuses() -> None:
    """Cedar passes over a policy in which a calculation overflows, which here would let through what it forbids."""
    text = """
    @id("all") permit(principal, action, resource);
    @id("sum") forbid(principal, action, resource) when { 9223372036854775807 + 1 == 0 };
    """
    assert not decide(PolicySet(text), "us", "Create", "Video", _public()).allowed


@given(
    st.sampled_from(policy.ACTS),
    st.text(max_size=20),
    st.sampled_from([*policy.DATA_CLASSES, "", "Public", "public "]),
    st.booleans(),
)
def test_only_what_the_text_says_passes(act: str, kind: str, data_class: str, member: bool) -> None:
    published = act in {"Create", "Update"} and kind == "Video" and data_class == "public"
    consented = act == "Follow" and data_class in {"social", "public"}
    assert asked(act, kind, data_class, member).allowed == (member and (published or consented))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("permit(principal, action, resource);", 'write @id("a-name") before it'),
        ('@id("a b") permit(principal, action, resource);', "must be named with at most 64 letters"),
        ('@id("a") permit(', "can't be read"),
        ('@id("a") permit(principal == ?principal, action, resource);', "a template with a slot"),
        ('@id("a") permit(principal, action, resource) when { context.age > 3 };', "policy a doesn't fit"),
        ('@id("a") permit(principal, action == Action::"Sell", resource);', "policy a doesn't fit"),
        (
            '@id("a") forbid(principal, action, resource) when { context.data_class == "identiy" };',
            "data class 'identiy', which doesn't exist",
        ),
        (
            '@id("a") forbid(principal, action, resource) when { ["privat"].contains(context.data_class) };',
            "data class 'privat', which doesn't exist",
        ),
        (
            '@id("a") permit(principal, action, resource); @id("a") permit(principal, action, resource);',
            "Two border policies are called a",
        ),
        ("// " + "x" * policy.MOST_CHARS, "longer than 16384 characters"),
    ],
)
def test_a_text_that_could_surprise_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    assert any(sentence in each for each in check(text)), check(text)
    with pytest.raises(PolicyError):
        PolicySet(text)


def test_a_sound_text_has_its_names_in_its_order_and_nothing_to_refuse() -> None:
    assert check(TEXT) == []
    assert PolicySet(TEXT).names == ["public-within", "consented", "never"]
    many = "\n".join(f'@id("n{number}") permit(principal, action, resource);' for number in range(12))
    assert PolicySet(many).names == [f"n{number}" for number in range(12)]


def test_the_published_schema_is_the_one_in_use() -> None:
    assert SPEC.read_bytes() == policy.schema_bytes()


def _public() -> Context:
    return Context(
        peer="world", network_member=True, data_class="public", purpose="publish", object_type="Video"
    )
