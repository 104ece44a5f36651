"""Composition: every room's service built once per process, and who listens to whose events."""

from dataclasses import dataclass
from typing import Self

from reelm.accounts.service import AccountsService
from reelm.activity.service import ActivityService
from reelm.border.service import BorderClient, BorderConsole, BorderOutbox, NetworkService
from reelm.clips.service import ClipsService
from reelm.collections.service import CollectionsService
from reelm.comments.service import CommentsService
from reelm.contacts.service import ContactsService
from reelm.custody.service import (
    GrantCounts,
    GrantsService,
    GrantUses,
    KeysClient,
    OpeningsService,
    StaffService,
)
from reelm.entrypoints.charter import take_effect
from reelm.federation.service import Addresses, FederationService, Sender
from reelm.feed.adjustments.service import AdjustmentsService
from reelm.feed.cards import CardCache
from reelm.feed.catalog import CATALOG, Catalog
from reelm.feed.controls.service import ControlsService
from reelm.feed.learning.matrices import Follower
from reelm.feed.lists.desk import ListsDesk
from reelm.feed.pages import Pages
from reelm.feed.pipeline.model import RankerInForce
from reelm.feed.reach.service import ReachService
from reelm.feed.receipts.desk import ReceiptDesk
from reelm.feed.receipts.service import ReceiptsService
from reelm.feed.service import FeedService
from reelm.feed.stamps import STAMPS, ViewerStamps
from reelm.feed.viewers import CHANNEL, Viewers
from reelm.kit.blobs import LocalBlobStore
from reelm.kit.clock import Clock, SystemClock
from reelm.kit.database import Database
from reelm.kit.events import EventBus
from reelm.kit.ids import Ids, SystemIds
from reelm.kit.limits import RateLimiter
from reelm.kit.listen import Listener
from reelm.ledger.service import LedgerService
from reelm.media.service import LentClips, MediaService
from reelm.messages.reports import ReportsService
from reelm.messages.service import DevicesService, MessagesService
from reelm.notices.push import PushService, end_with_sessions
from reelm.notices.push_telling import PushTeller
from reelm.notices.service import NoticesService
from reelm.notices.streams import Streams
from reelm.notices.telling import NoticeTeller
from reelm.realm.desk import CharterDesk
from reelm.realm.service import RealmService
from reelm.rights.service import RightsService
from reelm.search.service import SearchService
from reelm.settings import Settings
from reelm.social.friends import FriendsService
from reelm.social.service import SocialService
from reelm.sounds.service import SoundsService


@dataclass
class Rooms:
    """The services of a serving process, each under its room's name."""

    settings: Settings
    clock: Clock
    ids: Ids
    events: EventBus
    limiter: RateLimiter
    blobs: LocalBlobStore
    database: Database
    catalog: Database
    keys: KeysClient
    listener: Listener
    ledger: LedgerService
    staff: StaffService
    grants: GrantsService
    grant_uses: GrantUses
    grant_counts: GrantCounts
    openings: OpeningsService
    realm: RealmService
    charters: CharterDesk
    border_console: BorderConsole
    network: NetworkService
    accounts: AccountsService
    social: SocialService
    friends: FriendsService
    media: MediaService
    lent_clips: LentClips
    sounds: SoundsService
    clips: ClipsService
    comments: CommentsService
    collections: CollectionsService
    activity: ActivityService
    contacts: ContactsService
    message_reports: ReportsService
    devices: DevicesService
    messages: MessagesService
    notices: NoticesService
    push: PushService
    streams: Streams
    search: SearchService
    controls: ControlsService
    feed: FeedService
    lists: ListsDesk
    desk: ReceiptDesk
    receipts: ReceiptsService
    adjustments: AdjustmentsService
    reach: ReachService
    rights: RightsService
    federation: FederationService

    @classmethod
    async def open(cls, settings: Settings, clock: Clock | None = None, ids: Ids | None = None) -> Self:
        """Connect to PostgreSQL and to `reelm keys`, and build the services, lowest floor first."""
        clock = clock or SystemClock()
        ids = ids or SystemIds(clock)
        events = EventBus()
        database = await Database.open(settings.database, "reelm_web")
        catalog = await Database.open(settings.database, "reelm_catalog", size=4)
        listener = Listener(settings.database, "reelm_catalog")
        keys = KeysClient(settings.keys_address, clock, secret=settings.caller_secrets.get("web", ""))
        blobs = LocalBlobStore(settings.blobs)
        ledger = LedgerService(database, blobs, clock, ids, listener)
        realm = RealmService.load(settings)
        network = NetworkService(realm)
        accounts = AccountsService(keys, realm, database, events, clock, ids, network)
        social = SocialService(accounts, events)
        media = MediaService(database, keys, blobs, accounts, settings, clock, ids)
        grant_uses = GrantUses(database, keys, ledger, realm, events, clock, ids)
        sounds = SoundsService(accounts, media, catalog)
        clips = ClipsService(accounts, social, media, sounds, realm, keys, events, clock, ids)
        comments = CommentsService(accounts, clips, events, ids)
        notices = NoticesService(accounts, clips, comments)
        streams = Streams(listener, database, keys, notices, clips)
        search = SearchService(accounts, social, sounds, clips, catalog, clock)
        live = Catalog(settings.feed / CATALOG)
        cards = CardCache(live, clips, clock)
        stamps = ViewerStamps(settings.feed / STAMPS)
        controls = ControlsService(keys, accounts, sounds, clips, live, stamps, clock)
        desk = ReceiptDesk(settings, keys, database, ledger, clips, realm, listener, live.row, clock, ids)
        viewers = Viewers(live, controls, stamps, database, clock)
        matrices, ranker = Follower(settings.feed / "matrices"), RankerInForce(settings.feed / "models")
        pages = Pages(live, cards, viewers, matrices, ranker, desk.keeper, desk.book, database, clock, ids)
        feed = FeedService(live, cards, pages, viewers, social, clips, database, clock)
        social.subscribe()
        clips.subscribe()
        NoticeTeller(ids).subscribe(events)
        PushTeller().subscribe(events)
        end_with_sessions(listener, database)
        outbox, addresses = BorderOutbox(ids), Addresses.of(realm, settings)
        sender = Sender(outbox, accounts, addresses, clock)
        sender.subscribe(events)
        border = BorderClient.of(settings, "web")
        feed.subscribe(events)
        listener.on("catalog", cards.forget)
        listener.on(CHANNEL, viewers.changed)
        for catching_up in (cards.forget_all, viewers.missed_some):
            listener.on_return(catching_up)
        return cls(
            settings=settings,
            clock=clock,
            ids=ids,
            events=events,
            limiter=RateLimiter(clock, factor=settings.limit_factor),
            blobs=blobs,
            database=database,
            catalog=catalog,
            keys=keys,
            listener=listener,
            ledger=ledger,
            staff=StaffService(realm, clock),
            grants=GrantsService(database, keys, ledger, realm, events, clock, ids),
            grant_uses=grant_uses,
            grant_counts=GrantCounts(ledger, clock),
            openings=OpeningsService(keys, ledger, clock, settings.web.origin),
            lent_clips=LentClips(media.store, grant_uses, clock),
            realm=realm,
            border_console=BorderConsole(realm, ledger, clock),
            charters=CharterDesk(realm, settings, ledger, clock, lambda: take_effect(settings)),
            network=network,
            accounts=accounts,
            social=social,
            friends=FriendsService(accounts, social, keys, events, settings.web.origin, clock, ids),
            media=media,
            sounds=sounds,
            clips=clips,
            comments=comments,
            collections=CollectionsService(accounts, clips, clock, ids),
            activity=ActivityService(accounts, social, clips),
            contacts=ContactsService(accounts, keys, database, clock, limit_factor=settings.limit_factor),
            message_reports=ReportsService(keys, accounts, database, clock, ids),
            devices=DevicesService(accounts, clock),
            messages=MessagesService(accounts, events),
            notices=notices,
            push=PushService(settings, keys, clock, ids),
            streams=streams,
            search=search,
            controls=controls,
            feed=feed,
            lists=ListsDesk(settings.feed, feed, realm),
            desk=desk,
            receipts=desk.receipts,
            adjustments=desk.adjustments,
            reach=ReachService(clips, clock),
            federation=FederationService(
                accounts,
                social,
                clips,
                comments,
                outbox,
                border,
                sender,
                addresses,
                database,
                clock,
            ),
            rights=RightsService(
                accounts, media, ledger, realm, keys, database, settings.web.origin, clock, ids
            ),
        )

    async def start(self) -> None:
        """Begin what runs in the background."""
        await self.listener.start()
        self.desk.start()
        await self.feed.start()

    async def close(self) -> None:
        """Give everything back, highest floor first."""
        self.streams.close()
        await self.feed.stop()
        await self.desk.stop()
        await self.listener.stop()
        await self.keys.close()
        await self.catalog.close()
        await self.database.close()
