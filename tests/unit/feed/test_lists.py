"""Public lists: what they are made of, and when an epoch has new ones."""

import datetime as dt
import hashlib
import json
import random
import struct
import uuid
from contextlib import asynccontextmanager
from types import SimpleNamespace

import msgspec
import pytest
from tests.factories.catalogs import NOW, clip_id, database_row, made, opened

from reelm.feed.adjustments.book import UndeclaredError
from reelm.feed.lists.keeper import PublicLists
from reelm.feed.lists.making import ListMaker, ListName, PublicList
from reelm.feed.lists.shelf import InForce, Shelf
from reelm.feed.pipeline.backdrop import Backdrop
from reelm.feed.pipeline.model import SEED_BYTES, Ranker
from reelm.feed.pipeline.policy import POLICY_BYTES
from reelm.kit.clock import FixedClock
from reelm_audit.feed.layout import decode
from reelm_audit.feed.maps import Adjustment
from reelm_audit.feed.replay import check
from reelm_audit.feed.verdict import read_documents

EPOCH = int(NOW.timestamp()) // 600


def rows(count, **changes):
    chance = random.Random(count)
    return [
        database_row(
            n,
            views=chance.randrange(400),
            finishes=chance.randrange(99),
            language=chance.choice(["en", "fr"]),
            author_id=uuid.UUID(int=chance.randrange(1, 60)),
            **changes,
        )
        for n in range(count)
    ]


def maker_of(catalog):
    backdrop = Backdrop(catalog)
    backdrop.renew()
    return ListMaker(catalog, backdrop, Ranker(SEED_BYTES))


def name_of(language="en", jurisdiction="any", age_band="adult", epoch=EPOCH):
    return ListName(language, jurisdiction, age_band, epoch)


def pages_of(receipts):
    pages = []
    while receipts:
        (length,) = struct.unpack_from("<I", receipts)
        pages.append(decode(receipts[4 : 4 + length]))
        receipts = receipts[4 + length :]
    return pages


def told(made_list):
    return msgspec.json.decode(made_list.body, type=PublicList)


def test_five_hundred_clips_each_once_and_every_page_replays(tmp_path):
    catalog = made(tmp_path, rows(900))
    one = maker_of(catalog).make(name_of())
    assert one == maker_of(catalog).make(name_of()), "the same on the same catalog"
    ids = told(one).ids
    assert len(ids) == len(set(ids)) == 500
    model, policy = read_documents(SEED_BYTES, POLICY_BYTES)
    pages = pages_of(one.receipts)
    assert [page.position for page in pages] == list(range(0, 500, 50))
    for page in pages:
        assert check(page, model, policy) == []
        assert (page.generation, page.seq) == (catalog.generation, catalog.seq)
    assert [str(uuid.UUID(bytes=clip)) for page in pages for clip in page.clips] == ids
    assert hashlib.sha256(one.receipts).hexdigest() == told(one).receipt


def test_each_of_the_four_things_makes_another_list(tmp_path):
    maker = maker_of(made(tmp_path, rows(300)))
    names = [
        name_of(),
        name_of(language="fr"),
        name_of(jurisdiction="FR"),
        name_of(age_band="under16"),
        name_of(epoch=EPOCH + 1),
    ]
    lists = [told(maker.make(name)) for name in names]
    assert len({one.seed for one in lists}) == len({tuple(one.ids) for one in lists}) == 5


def test_a_small_realm_has_a_short_list_and_an_empty_one_an_empty_list(tmp_path):
    assert sorted(told(maker_of(made(tmp_path / "a", rows(7))).make(name_of())).ids) == sorted(
        str(clip_id(n)) for n in range(7)
    )
    assert told(maker_of(made(tmp_path / "b", [])).make(name_of())).ids == []


def test_what_is_gone_is_in_no_list(tmp_path):
    made(tmp_path, rows(80))
    with opened(tmp_path) as (store, catalog):
        gone = [catalog.id_of(row) for row in range(0, 80, 2)]
        store.change(5, buried=list(range(0, 80, 2)))
        ids = told(maker_of(catalog).make(name_of())).ids
        assert len(ids) == 40
        assert not {str(each) for each in gone} & set(ids)


# --- the shelf ------------------------------------------------------------------------------------------------


def test_what_is_on_the_shelf_of_an_epoch_stays(tmp_path):
    maker, shelf = maker_of(made(tmp_path / "c", rows(60))), Shelf(tmp_path / "lists")
    first = shelf.put(EPOCH, [maker.make(name_of())])
    assert shelf.put(EPOCH, [maker.make(name_of("fr"))]) == first
    assert shelf.find(name_of()) is None, "nobody gets a list that the ledger does not have"
    shelf.enforce(InForce(EPOCH, "00", 1, "00"))
    body, receipts = shelf.find(name_of()), shelf.find(name_of(), receipts=True)
    assert json.loads(first)["lists"]["en/any/adult"] == {
        "list": hashlib.sha256(body).hexdigest(),
        "receipt": hashlib.sha256(receipts).hexdigest(),
    }
    for bad in (name_of("fr"), name_of(epoch=EPOCH + 1), name_of(language="../../x"), name_of(age_band="")):
        assert shelf.find(bad) is None


def test_a_week_is_kept_and_what_is_in_force_longer(tmp_path):
    shelf = Shelf(tmp_path)
    for epoch in (EPOCH, EPOCH + 1, EPOCH + 1100):
        shelf.put(epoch, [])
    shelf.enforce(InForce(EPOCH, "00", 1, "00"))
    shelf.thin((EPOCH + 1100) * 600)
    assert [epoch for epoch in (EPOCH, EPOCH + 1, EPOCH + 1100) if shelf.document(epoch)] == [
        EPOCH,
        EPOCH + 1100,
    ]
    (tmp_path / "current").write_text("not what it was")
    assert shelf.in_force() is None


# --- when -----------------------------------------------------------------------------------------------------


class ToldLedger:
    """What the keeper asks of the ledger, and what it was told."""

    def __init__(self) -> None:
        self.entries: list = []
        self.documents: dict[str, bytes] = {}
        self.fails = False

    async def publish_document(self, document):
        digest = hashlib.sha256(document).hexdigest()
        self.documents[digest] = document
        return digest

    async def last(self, uow, kind):
        return self.entries[-1] if self.entries else None

    async def append(self, uow, entry):
        if self.fails:
            raise OSError("no room on the disk")
        self.entries.append(entry)

    @asynccontextmanager
    async def transaction(self):
        yield None


class ToldBook:
    """What is declared, as the book has it once the ledger proves it."""

    def __init__(self) -> None:
        self.root, self.entries = bytes(32), {}
        self.refused = False

    async def load(self):
        if self.refused:
            raise UndeclaredError("not what was declared")


@pytest.fixture
def keeping(tmp_path):
    clock, ledger = FixedClock(NOW), ToldLedger()
    document = SimpleNamespace(countries=["FR"], edition=SimpleNamespace(languages=["en"]))
    realm = SimpleNamespace(document=document, charter_digest="00" * 32)
    keeper = PublicLists(tmp_path, ledger, ledger, ToldBook(), realm, clock)
    return keeper, ledger, clock, Shelf(tmp_path / "lists")


async def test_an_epoch_has_lists_once_and_only_if_something_changed(tmp_path, keeping):
    keeper, ledger, clock, shelf = keeping
    assert not await keeper.turn(), "there is no catalog"
    with opened(tmp_path) as (store, _):
        store.renew_lists(1)
        assert not await keeper.turn(), "there is no clip"
    made_before = rows(30)
    await _fill(tmp_path, made_before)
    assert await keeper.turn()
    assert not await keeper.turn()
    [entry] = ledger.entries
    assert entry.epoch == EPOCH == shelf.in_force().epoch
    assert set(json.loads(ledger.documents[entry.document])["lists"]) == {
        f"en/{jurisdiction}/{age}" for jurisdiction in ("FR", "any") for age in ("under16", "16to17", "adult")
    }
    clock.advance(dt.timedelta(seconds=600))
    assert not await keeper.turn(), "nothing has changed: the lists stay in force"
    with opened(tmp_path) as (store, _):
        store.change(9, sets={"views": ([0], [10**6])})
    assert await keeper.turn()
    assert [each.epoch for each in ledger.entries] == [EPOCH, EPOCH + 1]


async def test_no_list_before_its_entry_and_one_document_an_epoch(tmp_path, keeping):
    keeper, ledger, _, shelf = keeping
    await _fill(tmp_path, rows(30))
    ledger.fails = True
    with pytest.raises(OSError, match="no room"):
        await keeper.turn()
    assert shelf.in_force() is None
    assert shelf.find(name_of()) is None
    document = shelf.document(EPOCH)
    with opened(tmp_path) as (store, _):
        store.change(9, sets={"views": ([0], [10**6])})
    ledger.fails = False
    assert await keeper.turn()
    [entry] = ledger.entries
    assert ledger.documents[entry.document] == document
    assert shelf.find(name_of()) is not None


async def test_what_is_declared_moves_the_lists_and_what_is_not_proved_does_not(tmp_path, keeping):
    keeper, ledger, clock, shelf = keeping
    await _fill(tmp_path, rows(200))
    assert await keeper.turn()
    last = json.loads(shelf.find(name_of()))["ids"][-1]
    clock.advance(dt.timedelta(seconds=600))
    keeper._book.refused = True
    assert not await keeper.turn()
    keeper._book.refused = False
    boost = Adjustment(kind=1, points=2000, reason=1, since=0, until=0, text=bytes(32))
    keeper._book.root, keeper._book.entries = b"r" * 32, {uuid.UUID(last): boost}
    assert await keeper.turn(), "the map is another one"
    name = name_of(epoch=EPOCH + 1)
    place = json.loads(shelf.find(name))["ids"].index(last)
    assert place < 199, "it was the last"
    assert place % 50 == 0, "it is the first of the page on which it is scored"
    page = pages_of(shelf.find(name, receipts=True))[place // 50]
    assert page.adjustments == b"r" * 32
    [adjusted] = page.adjusted
    assert (adjusted.kind, adjusted.points) == (1, 2000)
    assert len(ledger.entries) == 2


async def _fill(folder, of):
    import asyncio

    await asyncio.to_thread(made, folder, of)
