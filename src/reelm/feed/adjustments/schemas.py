"""What goes in and out about adjustments."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

import msgspec

AdjustmentKind = Literal["boost", "demotion"]
AdjustmentReason = Literal["editorial", "public_service", "realm_event", "low_quality", "borderline", "legal"]
Points = Annotated[int, msgspec.Meta(ge=-2000, le=2000)]


class AdjustmentAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """What staff declare: more points (a boost) or fewer (a demotion), for whom to read why, and until when."""

    clip_id: UUID
    points: Points
    reason: AdjustmentReason
    text: Annotated[str, msgspec.Meta(min_length=20, max_length=500)]
    until: dt.datetime
    since: dt.datetime | None = None


class AdjustmentView(msgspec.Struct, frozen=True, rename={"since": "from"}):
    """A declared boost or demotion; `entry_index` is where the ledger has it; None: it does not count yet."""

    id: UUID
    clip_id: UUID
    kind: AdjustmentKind
    points: int
    reason: AdjustmentReason
    text: str
    since: dt.datetime
    until: dt.datetime
    staff: str
    entry_index: int | None
