"""From rows to clips as one viewer sees them, a page at a time in few queries."""

from collections.abc import Sequence
from uuid import UUID

from reelm.accounts.service import AccountsService, PersonCard, Visitor
from reelm.clips.repository import ClipRow, ClipsReader, SeenRow
from reelm.clips.schemas import Clip, ClipViewer, Failure, FollowState, Labels, Permissions
from reelm.kit.database import UnitOfWork
from reelm.media.service import Addresses, MediaService
from reelm.social.service import SocialService
from reelm.sounds.service import SoundCard, SoundsService


class ClipShower:
    """Puts clips together: rows and counters, authors, sounds, ties."""

    def __init__(
        self, accounts: AccountsService, social: SocialService, media: MediaService, sounds: SoundsService
    ) -> None:
        self._accounts = accounts
        self._social = social
        self._media = media
        self._sounds = sounds

    async def hydrate(self, uow: UnitOfWork, guest: Visitor | None, ids: Sequence[UUID]) -> list[Clip]:
        """Return those of `ids` that the viewer may see, in that order, each as often as it is asked for."""
        if not ids:
            return []
        me = guest.person_id if guest else None
        rows = await ClipsReader(uow).list_seen(set(ids), me)
        authors = {row.clip.author_id for row in rows.values()}
        cards = await self._accounts.cards(uow, authors)
        addresses = self._media.addresses(guest)
        sounds = await self._sounds.cards(
            uow, addresses, {row.clip.sound_id for row in rows.values() if row.clip.sound_id}
        )
        follows: dict[UUID, FollowState] = {}
        if guest is not None and rows:
            ties = await self._social.ties(uow, guest, authors - {guest.person_id})
            follows = {author_id: tie.follow for author_id, tie in ties.items()}
        return [
            _clip(
                rows[clip_id],
                cards[rows[clip_id].clip.author_id],
                sounds,
                addresses,
                _viewer(rows[clip_id], guest, follows),
            )
            for clip_id in ids
            if clip_id in rows and rows[clip_id].clip.author_id in cards
        ]


def _viewer(row: SeenRow, guest: Visitor | None, follows: dict[UUID, FollowState]) -> ClipViewer | None:
    if guest is None:
        return None
    author_id = row.clip.author_id
    return ClipViewer(row.liked, row.reposted, follows.get(author_id, "none"), author_id == guest.person_id)


def _clip(
    row: SeenRow,
    author: PersonCard,
    sounds: dict[UUID, SoundCard],
    addresses: Addresses,
    viewer: ClipViewer | None,
) -> Clip:
    clip = row.clip
    own = viewer is not None and viewer.own
    media = (
        MediaService.seen(clip.media, clip.id, addresses, sealed=clip.sealed)
        if clip.media and clip.status in {"ready", "draft"}
        else None
    )
    return Clip(
        id=clip.id,
        status=clip.status,
        author=author,
        caption=clip.caption,
        tags=clip.tags,
        mentions=clip.mentions,
        sound=sounds.get(clip.sound_id) if clip.sound_id else None,
        visibility=clip.visibility if own else clip.audience,
        permissions=Permissions(clip.allow_comments, clip.allow_download, clip.allow_sound_reuse),
        labels=Labels(clip.label_ai, clip.label_paid),
        language=clip.language,
        created_at=clip.created_at,
        published_at=clip.published_at,
        media=media,
        counts=row.counts,
        viewer=viewer,
        failure=failure_of(clip) if own else None,
        draft=clip.draft,
        publish_at=clip.publish_at if own else None,
    )


def failure_of(clip: ClipRow) -> Failure | None:
    """Return why a clip failed, or what it waits for, for its author."""
    if clip.status != "failed" and clip.failure_code is None:
        return None
    return Failure(clip.failure_code or "media.failed", clip.failure_detail or "")
