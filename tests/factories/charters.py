"""Charters for tests: a realm of one operator, and what it may become."""

import json
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import strategies as st

from reelm.realm.schemas import (
    Auditor,
    Closure,
    Jurisdiction,
    Keyholder,
    Keyholders,
    Owner,
    RealmDocument,
    Site,
)
from reelm_audit.tlog.note import Ed25519Signer

DEFAULT = Path(__file__).parents[2] / "src" / "reelm" / "realm" / "default.json"
POLICY = '@id("public") permit(principal, action, resource) when { context.data_class == "public" };'


def signer(name: str) -> Ed25519Signer:
    """The key of a party; always the same for the same name."""
    return Ed25519Signer(name, name.encode().ljust(32, b".")[:32])


def keyholder(name: str, role: str = "operator", veto: tuple[str, ...] = ()) -> Keyholder:
    return Keyholder(name, role, signer(name).vkey, list(veto))


def realm_document(*members: Keyholder, threshold: int = 1, **changes: Any) -> RealmDocument:
    """A charter that nothing speaks against."""
    held = Keyholders(threshold, list(members or (keyholder("operator"),)))
    said = msgspec.json.decode(DEFAULT.read_bytes(), type=RealmDocument)
    return msgspec.structs.replace(said, **{"keyholders": held, **changes})


def old_documents() -> st.SearchStrategy[dict[str, Any]]:
    """Charters as the first release wrote them: every field of that time, and none of today."""
    text = st.text(max_size=20)
    country = st.sampled_from(["", "FR", "US", "SG"])
    return st.fixed_dictionaries(
        {
            "name": text,
            "edition": st.fixed_dictionaries(
                {
                    "name": text,
                    "mark": text,
                    "accent": text,
                    "accent_text": text,
                    "languages": st.lists(text, max_size=3),
                }
            ),
            "operator": st.fixed_dictionaries({"name": text, "country": country}),
            "owners": st.lists(st.fixed_dictionaries({"name": text}), max_size=3),
            "storage": st.lists(st.fixed_dictionaries({"site": text, "country": country}), max_size=3),
            "minimum_age": st.integers(0, 99),
            "private_below_age": st.integers(0, 99),
            "jurisdictions": st.lists(country, max_size=3),
            "version": st.integers(1, 99),
            "keyholders": st.fixed_dictionaries(
                {
                    "threshold": st.integers(1, 3),
                    "members": st.lists(
                        st.fixed_dictionaries({"name": text, "role": text, "vkey": text}), max_size=3
                    ),
                }
            ),
            "witness_policies": st.fixed_dictionaries({"release": text, "public": text}),
            "staff": st.fixed_dictionaries({"approver_residency": country, "emergency": st.booleans()}),
        }
    )


def documents() -> st.SearchStrategy[RealmDocument]:
    """Charters that differ in anything a charter says."""
    text = st.sampled_from(["", "one", "two"])
    country = st.sampled_from(["FR", "US", "SG"])
    members = st.lists(
        st.builds(
            keyholder,
            st.sampled_from(["operator", "trustee", "owner"]),
            st.sampled_from(["operator", "trustee"]),
            st.sampled_from([(), ("ages",), ("storage", "owners"), ("*",)]),
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda member: member.name,
    )
    said = {
        "name": text,
        "realm": st.sampled_from(["home", "us"]),
        "network": text,
        "ids": text,
        "web": text,
        "border": text,
        "border_vkey": text,
        "borders": st.sampled_from(["", POLICY, POLICY.replace("public", "social")]),
        "owners": st.lists(
            st.builds(Owner, text, country, text, text), max_size=2, unique_by=lambda o: o.name
        ),
        "storage": st.lists(
            st.builds(Site, text, country, st.just([]), text, st.lists(text, max_size=1)),
            max_size=2,
            unique_by=lambda site: site.site,
        ),
        "jurisdictions": st.lists(
            st.one_of(country, st.builds(Jurisdiction, country, st.lists(country, max_size=2))),
            max_size=2,
            unique_by=lambda each: each if isinstance(each, str) else each.country,
        ),
        "minimum_age": st.integers(12, 14),
        "keyholders": st.builds(Keyholders, st.integers(1, 2), members),
        "auditors": st.lists(st.builds(Auditor, text, text), max_size=1),
        "retention": st.dictionaries(st.sampled_from(["social", "private"]), st.integers(1, 3), max_size=2),
        "closure": st.builds(Closure, st.integers(1, 2), st.integers(1, 2)),
        "valid_from": st.sampled_from(["", "2027-01-01"]),
        "everywhere_else": st.booleans(),
    }
    return st.fixed_dictionaries({}, optional=said).map(lambda changes: realm_document(**changes))


def as_json(document: RealmDocument) -> dict[str, Any]:
    """A charter as somebody would send it."""
    from reelm.realm.charter import document_of

    found: dict[str, Any] = json.loads(document_of(document))
    return found
