"""Signed addresses and byte ranges, by property."""

import contextlib
import datetime as dt
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelm.kit.clock import FixedClock
from reelm.media import links
from reelm.media.serve import Asked, RangeUnsuitableError
from reelm.media.tus import checksum, metadata
from reelm.media.upload_errors import UploadHeaderError

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
CLIP = UUID("01a20044-059c-7a6d-83ce-270fd1ac5a63")


def parts(query: str) -> tuple[str, str]:
    expiry, signature = (part.partition("=")[2] for part in query.split("&"))
    return expiry, signature


@given(seconds=st.integers(0, 10_000))
def test_an_address_is_good_for_half_an_hour(seconds: int) -> None:
    clock = FixedClock(NOON)
    expiry, signature = parts(links.query(CLIP, "token", clock))
    clock.advance(dt.timedelta(seconds=seconds))
    verdict = links.check(CLIP, "token", expiry, signature, clock)
    assert verdict == ("good" if seconds < links.LIFE_SECONDS else "late")


@given(seconds=st.integers(0, links.STEP_SECONDS - 1))
def test_addresses_stay_the_same_for_a_while(seconds: int) -> None:
    clock = FixedClock(NOON)
    first = links.query(CLIP, "token", clock)
    clock.advance(dt.timedelta(seconds=seconds))
    assert links.query(CLIP, "token", clock) == first


@given(token=st.text(min_size=1), expiry=st.text(), signature=st.text())
def test_nothing_else_passes(token: str, expiry: str, signature: str) -> None:
    clock = FixedClock(NOON)
    good = parts(links.query(CLIP, "token", clock))
    if (token, expiry, signature) != ("token", *good):
        assert links.check(CLIP, token, expiry, signature, clock) == "bad"


def test_an_address_is_for_one_clip() -> None:
    clock = FixedClock(NOON)
    expiry, signature = parts(links.query(CLIP, "token", clock))
    other = UUID(int=CLIP.int ^ 1)
    assert links.check(other, "token", expiry, signature, clock) == "bad"


def test_playlists_are_signed_line_by_line() -> None:
    name = "ab" * 32
    text = f'#EXT-X-MAP:URI="{name}.mp4",BYTERANGE="1@0"\n#EXTINF:1,\n{name}.mp4\nother.mp4\n'
    signed = links.signed_playlist(text, "exp=1&sig=x")
    assert signed.count(f"{name}.mp4?exp=1&sig=x") == 2
    assert signed.count("?") == 2


def asked(value: str) -> Asked:
    return Asked({"headers": [(b"range", value.encode())], "method": "GET"})


@given(size=st.integers(1, 10_000), first=st.integers(0, 12_000), last=st.integers(0, 12_000))
def test_a_range_is_never_outside_the_file(size: int, first: int, last: int) -> None:
    request = asked(f"bytes={first}-{last}")
    if last < first:
        assert request.window(size, '"tag"') is None
    elif first >= size:
        with pytest.raises(RangeUnsuitableError):
            request.window(size, '"tag"')
    else:
        assert request.window(size, '"tag"') == (first, min(size, last + 1) - first)


@given(size=st.integers(1, 10_000), tail=st.integers(1, 12_000))
def test_a_range_from_the_end(size: int, tail: int) -> None:
    assert asked(f"bytes=-{tail}").window(size, '"tag"') == (max(0, size - tail), min(size, tail))


@given(text=st.text(max_size=40))
def test_any_other_range_is_ignored_or_refused(text: str) -> None:
    with contextlib.suppress(RangeUnsuitableError):
        window = asked(text.encode("latin-1", "replace").decode("latin-1")).window(100, '"tag"')
        assert window is None or 0 <= window[0] < window[0] + window[1] <= 100


@given(pairs=st.dictionaries(st.sampled_from(["filename", "filetype", "x"]), st.text(), max_size=3))
def test_metadata_round_trip(pairs: dict[str, str]) -> None:
    from tests.factories.publishing import described

    assert metadata(described(**pairs)) == pairs


@pytest.mark.parametrize("header", ["a ?", "a YQ==,a YQ==", ",", "a YQ==,,b YQ==", "x" * 5000, "a /w=="])
def test_metadata_that_is_none(header: str) -> None:
    with pytest.raises(UploadHeaderError):
        metadata(header)


def test_metadata_without_value() -> None:
    assert metadata("is_confidential") == {"is_confidential": ""}


@pytest.mark.parametrize("header", ["md5 AAAA", "sha1", "sha1 !", "", "SHA1 AAAA"])
def test_checksums_that_are_none(header: str) -> None:
    if header == "sha1":
        assert checksum(header) is not None
        return
    with pytest.raises(UploadHeaderError):
        checksum(header)
