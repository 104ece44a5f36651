"""Sounds as others see them."""

from uuid import UUID

import msgspec

from reelm.accounts.service import PersonCard


class SoundCard(msgspec.Struct, frozen=True):
    """The little of a sound that stands under a clip."""

    id: UUID
    title: str
    author: PersonCard | None
    duration_ms: int
    cover_url: str | None


class Sound(msgspec.Struct, frozen=True):
    """A sound's page. `waveform`: at most 200 peaks, 0 to 255."""

    id: UUID
    title: str
    author: PersonCard | None
    duration_ms: int
    cover_url: str | None
    audio_url: str
    waveform: list[int]
    uses: int
    origin_clip_id: UUID | None
    reusable: bool


class SoundSource(msgspec.Struct, frozen=True):
    """Where a sound's bytes lie, for the one clip that is being made with it."""

    sound_id: UUID
    origin_clip_id: UUID
    file: str
    sealed: bool


class NewSound(msgspec.Struct, frozen=True):
    """A clip's own sound, when the clip is ready."""

    clip_id: UUID
    author_id: UUID
    title: str
    duration_ms: int
    file: str
    waveform: bytes
    reusable: bool
    cover: str | None
    sealed: bool
