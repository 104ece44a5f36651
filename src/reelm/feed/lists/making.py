"""One public list: pages of the pipeline for nobody, one after the other, each with its receipt.

A list is a visit of 500 places that nobody makes: its seed is SHA-256 of the four things it is for, its time the
epoch's beginning, its pages are made by the stages that make everyone's, with a viewer of whom only the list's own
language is known. So each page's receipt (mode 2) replays like any other, and is nobody's secret.
"""

import hashlib
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from reelm.feed.catalog import Catalog
from reelm.feed.keys import key_of_text
from reelm.feed.learning.matrices import Matrices
from reelm.feed.pipeline import run
from reelm.feed.pipeline.backdrop import Backdrop
from reelm.feed.pipeline.meter import StageMeter
from reelm.feed.pipeline.model import Ranker
from reelm.feed.pipeline.receipt import References, Visit
from reelm.feed.pipeline.run import Ask, Tools
from reelm.feed.pipeline.sources import Lists
from reelm.feed.pipeline.viewer import Ties, ViewerState
from reelm_audit.feed.layout import ZERO, Mode, served_after
from reelm_audit.feed.maps import Adjustment

EPOCH_SECONDS: Final = 600
CLIPS: Final = 500
PAGE: Final = 50
EVERYWHERE: Final = "any"
AGE_BANDS: Final = ("under16", "16to17", "adult")
_DOMAIN = b"reelm/list/v1\0"
_STATES_READ = 5
_NOTHING_DECLARED: Mapping[UUID, Adjustment] = {}


class ListName(msgspec.Struct, frozen=True):
    """What a list is for. `jurisdiction` is "any" where the realm's charter names none, or not this one."""

    language: str
    jurisdiction: str
    age_band: str
    epoch: int

    @property
    def seed(self) -> bytes:
        parts = (self.language, self.jurisdiction, self.age_band, str(self.epoch))
        return hashlib.sha256(_DOMAIN + "\0".join(parts).encode()).digest()


class PublicList(msgspec.Struct, frozen=True):
    """A list as it is given out. `receipt` is SHA-256 of the receipts' bytes (each after its length, u32 LE)."""

    language: str
    jurisdiction: str
    age_band: str
    epoch: int
    seed: str
    ids: list[str]
    receipt: str


class Made(msgspec.Struct, frozen=True):
    """A list's two files: its JSON, and the receipts of its pages."""

    name: ListName
    body: bytes
    receipts: bytes


class _Uncounted(StageMeter):
    """Counts nothing: what stages do for a list is not what they do for people's pages."""

    def __init__(self) -> None:
        pass

    def page(self, mode: str) -> None:
        pass

    def stage(self, name: str, took_in: int, kept: int, removed: Mapping[str, int] | None = None) -> None:
        pass


class ListMaker:
    """Makes lists from one catalog, with the boosts and demotions that are declared (`root` is their map's)."""

    def __init__(
        self,
        catalog: Catalog,
        backdrop: Backdrop,
        ranker: Ranker,
        root: bytes = ZERO,
        declared: Mapping[UUID, Adjustment] = _NOTHING_DECLARED,
    ) -> None:
        self._root = root
        self._declared = declared
        self._catalog = catalog
        self._backdrop = backdrop
        self._ranker = ranker
        self._lists = Lists(catalog)
        self._meter = _Uncounted()

    def make(self, name: ListName) -> Made:
        """Make a list. The same name on the same state of the catalog gives the same bytes."""
        visit = Visit(name.seed[:16], 0, ZERO)
        rows: list[int] = []
        ids: list[bytes] = []
        receipts: list[bytes] = []
        generation = self._catalog.begin().generation
        while len(ids) < CLIPS:
            made = self._page(name, visit, rows, min(PAGE, CLIPS - len(ids)), generation)
            if made is None:
                break
            page, clips, receipt = made
            rows += page
            ids += clips
            receipts.append(receipt)
            visit = Visit(visit.seed, len(ids), served_after(visit.served, clips))
        told = b"".join(len(receipt).to_bytes(4, "little") + receipt for receipt in receipts)
        body = PublicList(
            name.language,
            name.jurisdiction,
            name.age_band,
            name.epoch,
            name.seed.hex(),
            [_text(clip) for clip in ids],
            hashlib.sha256(told).hexdigest(),
        )
        return Made(name, msgspec.json.encode(body), told)

    def _page(
        self, name: ListName, visit: Visit, before: list[int], count: int, generation: bytes
    ) -> tuple[list[int], list[bytes], bytes] | None:
        """Make the next page on one state of the catalog: its rows, its clips, its receipt; None at the end."""
        viewer = ViewerState(generation)
        viewer.ties = Ties(language=key_of_text(name.language), language_name=name.language)
        now = name.epoch * EPOCH_SECONDS
        ask = Ask(viewer, Mode.LIST, visit, frozenset(before), count, now)
        for _ in range(_STATES_READ):
            mark = self._catalog.begin()
            if mark.generation != generation:
                return None
            tools = Tools(
                catalog=self._catalog,
                lists=self._lists,
                matrices=Matrices.none(),
                ranker=self._ranker,
                backdrop=self._backdrop,
                adjustments_root=self._root,
                adjusted=self._adjusted(now),
            )
            with_ = References(generation, mark.seq, tools.matrices.digest, self._ranker.digest, self._root)
            draft = run.draft(ask, tools, with_, self._meter)
            draft.remove({row for row in draft.candidates.rows.tolist() if not self._is_public(row)}, None)
            chosen = run.choose(draft, tools, count, self._meter)
            page = draft.candidates.rows[chosen.scored.places[chosen.page]].tolist()
            clips = [self._catalog.id_of(row).bytes for row in page]
            if self._catalog.unchanged(mark):
                break
        if not page or bytes(16) in clips:
            return None
        placed = list(zip(chosen.page, clips, strict=True))
        return page, clips, run.seal(draft, chosen, placed, [], tools.adjusted, name.seed)

    def _adjusted(self, now: int) -> dict[int, Adjustment]:
        found = {self._catalog.row(clip): each for clip, each in self._declared.items() if each.is_on(now)}
        found.pop(-1, None)
        return found

    def _is_public(self, row: int) -> bool:
        return bool(self._catalog.column("alive")[row])


def _text(clip: bytes) -> str:
    text = clip.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
