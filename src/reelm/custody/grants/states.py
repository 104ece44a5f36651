"""The life of a grant, in one table: which act leads from which state to which, and who may do it.

    draft ── sign ──> asked ── approve ──> approved ── close ──> closed
                        │ deny                 │ time
                        ▼                      ▼
                      denied                expired
                        ▲
                        └── nobody answered in 12 hours

A use changes no state: it happens while a grant is approved. Nothing leads out of `denied`, `expired`, `closed`.
Rows are moved by comparing and setting the state in one statement, so of two who decide at once one decides.
"""

import datetime as dt
from typing import Literal

GrantState = Literal["draft", "asked", "approved", "denied", "expired", "closed"]
Act = Literal["sign", "approve", "deny", "leave_unanswered", "use", "close", "run_out"]

TRANSITIONS: dict[tuple[GrantState, Act], GrantState] = {
    ("draft", "sign"): "asked",
    ("asked", "approve"): "approved",
    ("asked", "deny"): "denied",
    ("asked", "leave_unanswered"): "denied",
    ("approved", "use"): "approved",
    ("approved", "close"): "closed",
    ("approved", "run_out"): "expired",
}

ANSWER_WITHIN = dt.timedelta(hours=12)
SIGN_WITHIN = dt.timedelta(minutes=15)
MINUTES_MAX, EMERGENCY_MINUTES_MAX = 240, 30


def after(state: GrantState, act: Act) -> GrantState | None:
    """Return the state that `act` leads to, None where it can't be done."""
    return TRANSITIONS.get((state, act))


def state_now(
    state: GrantState, answer_by: dt.datetime | None, expires_at: dt.datetime | None, now: dt.datetime
) -> GrantState:
    """Return the state by the clock: what ran out has ended, whether or not a schedule has noted it yet."""
    if state == "asked" and answer_by is not None and now >= answer_by:
        return "denied"
    if state == "approved" and expires_at is not None and now >= expires_at:
        return "expired"
    return state
