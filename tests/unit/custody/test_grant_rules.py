"""Who may decide: the charter's country, emergencies, and never oneself otherwise."""

import datetime as dt
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
import pytest

from reelm.custody.grants.deciding import GrantsService
from reelm.custody.grants.errors import ElsewhereError, EmergencyRefusedError, OwnRequestError
from reelm.custody.grants.rows import GrantRecord, StaffRecord
from reelm.custody.grants.schemas import DecisionAsk
from reelm.custody.schemas import Visitor
from reelm.realm.schemas import StaffRules

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
ASKER, OTHER = UUID(int=1), UUID(int=2)


def _service(**rules: Any) -> GrantsService:
    realm: Any = SimpleNamespace(document=SimpleNamespace(staff=StaffRules(**rules)))
    nothing: Any = None
    return GrantsService(nothing, nothing, nothing, realm, nothing, nothing, nothing)


def _grant(**values: Any) -> GrantRecord:
    row = {
        **dict.fromkeys(GrantRecord.__struct_fields__),
        "id": UUID(int=9),
        "asked_by": ASKER,
        "asked_key": "asker",
        "state": "asked",
        "classes": ["identity"],
        "minutes": 30,
        "reason": "safety",
        "words": "",
        "country": "FR",
        "emergency": False,
        "document": b"",
        "document_nonce": b"",
        "request": b"",
        "created_at": NOW,
        **values,
    }
    return msgspec.convert(row, GrantRecord)


def _decide(
    service: GrantsService,
    grant: GrantRecord,
    who: UUID,
    key: str,
    verdict: Any = "approve",
    country: str = "FR",
) -> None:
    staff = StaffRecord(key, who, bytes(32), country, "enrolled", NOW, NOW, None, 1, None)
    service._may_decide(Visitor(who, UUID(int=3), "", ""), staff, grant, DecisionAsk(verdict, country))


def test_somebody_else_decides() -> None:
    _decide(_service(), _grant(), OTHER, "other")
    for verdict in ("approve", "deny"):
        with pytest.raises(OwnRequestError):
            _decide(_service(), _grant(), ASKER, "asker", verdict)
        with pytest.raises(OwnRequestError):
            _decide(_service(), _grant(), ASKER, "a second key", verdict)
        with pytest.raises(OwnRequestError):
            _decide(_service(), _grant(), OTHER, "asker", verdict)


def test_the_charter_says_where_whoever_approves_sits() -> None:
    service = _service(approver_residency="FR")
    _decide(service, _grant(), OTHER, "other", country="FR")
    with pytest.raises(ElsewhereError):
        _decide(service, _grant(), OTHER, "other", country="DE")
    _decide(service, _grant(), OTHER, "other", "deny", "DE")


def test_emergencies_are_as_the_charter_has_them() -> None:
    urgent = _grant(emergency=True)
    _decide(_service(), urgent, ASKER, "asker")
    _decide(_service(approver_residency="FR"), urgent, ASKER, "asker", country="DE")
    with pytest.raises(EmergencyRefusedError):
        _decide(_service(emergency=False), urgent, ASKER, "asker")
    with pytest.raises(EmergencyRefusedError):
        _decide(_service(), _grant(emergency=True, minutes=31), ASKER, "asker")
    with pytest.raises(OwnRequestError):
        _decide(_service(), urgent, ASKER, "asker", "deny")
