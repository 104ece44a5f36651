"""Where a clip stands: never more public than its author wishes, nor before its hour."""

import datetime as dt
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from reelm.clips.schemas import Visibility
from reelm.clips.states import TRANSITIONS, audience_of, standing

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
WIDTH: dict[Visibility, int] = {"only_me": 0, "close_friends": 1, "friends": 2, "followers": 3, "everyone": 4}


@dataclass(frozen=True)
class Wished:
    visibility: Visibility
    draft: bool
    publish_at: dt.datetime | None
    published_at: dt.datetime | None


hours = st.none() | st.integers(-48, 48).map(lambda hour: NOW + dt.timedelta(hours=hour))
wishes = st.builds(Wished, st.sampled_from(sorted(WIDTH)), st.booleans(), hours, hours)


@given(wish=wishes, private=st.booleans())
def test_public_only_when_everything_says_so(wish: Wished, private: bool) -> None:
    to = standing(wish, private=private, now=NOW)
    if to.public:
        assert not private
        assert not wish.draft
        assert wish.visibility == "everyone"
        assert wish.published_at is not None or wish.publish_at is None or wish.publish_at <= NOW


@given(wish=wishes, private=st.booleans())
def test_the_audience_is_never_wider_than_wished(wish: Wished, private: bool) -> None:
    assert WIDTH[standing(wish, private=private, now=NOW).audience] <= WIDTH[wish.visibility]


@given(visibility=st.sampled_from(sorted(WIDTH)))
def test_a_private_account_narrows_only_what_was_for_everyone(visibility: Visibility) -> None:
    expected = "followers" if visibility == "everyone" else visibility
    assert audience_of(visibility, private=True) == expected
    assert audience_of(visibility, private=False) == visibility


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == {"draft", "processing", "ready", "failed"}
    assert set().union(*TRANSITIONS.values()) <= set(TRANSITIONS)
