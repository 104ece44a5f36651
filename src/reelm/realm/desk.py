"""The charter's desk: what it says, who proposes to change it, who has signed, and when the change takes effect."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from reelm.kit.clock import Clock
from reelm.kit.database import UnitOfWork
from reelm.kit.errors import NotFoundError
from reelm.ledger.service import LedgerService
from reelm.realm import succession
from reelm.realm.charter import CharterSignature
from reelm.realm.deliberation import Deliberation, names_of
from reelm.realm.repository import RealmReader
from reelm.realm.schemas import Check
from reelm.realm.schemas_charter import (
    Adoption,
    CharterVersion,
    CharterView,
    Effect,
    HeldBytes,
    ProposalView,
    SignatureView,
    SiteStatement,
    SitesView,
    SiteView,
)
from reelm.realm.service import RealmService
from reelm.settings import Settings
from reelm_audit.tlog import policy

_SHOWN = 50


class CharterDesk:
    """Proposals as files beside the data; `take_effect` tells whoever runs the realm that one was adopted."""

    def __init__(
        self,
        realm: RealmService,
        settings: Settings,
        ledger: LedgerService,
        clock: Clock,
        take_effect: Callable[[], Effect],
    ) -> None:
        self._realm = realm
        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._take_effect = take_effect
        self._deliberation = Deliberation(realm.document, settings, clock)

    # --- for everybody ------------------------------------------------------------------------------------

    async def current(self) -> CharterView:
        """Return the charter in force, who signed it, and the versions before it."""
        adopted = (await self._ledger.page("charter.adopted", _SHOWN, None)).items
        history = [
            CharterVersion(
                line.entry["version"],
                line.entry["charter"],
                line.entry.get("previous"),
                line.entry["at"],
                line.index,
                len(line.entry["signatures"]),
                _document_url(line.entry["charter"]),
            )
            for line in adopted
        ]
        digest = self._realm.charter_digest
        found = next((line for line in adopted if line.entry["charter"] == digest), None)
        previous = found.entry.get("previous") if found else None
        before = await asyncio.to_thread(succession.past, self._settings.data, previous) if previous else None
        names = names_of(self._realm.document, before)
        signed = await asyncio.to_thread(self._realm.charter_signatures, list(names))
        return CharterView(
            document=msgspec.json.decode(self._realm.charter_document),
            digest=digest,
            version=self._realm.document.version,
            signatures=[
                SignatureView(names[each.keyholder], each.keyholder, each.signature) for each in signed
            ],
            entry_index=found.index if found else None,
            history=history,
            document_url=_document_url(digest),
        )

    async def sites(self, checked: Check) -> SitesView:
        """Return where the realm's data lies, with the newest statement of each site's signer."""
        document = self._realm.document
        stated: dict[str, SiteStatement] = {}
        for line in (await self._ledger.page("site.stated", _SHOWN, None)).items:
            held = [HeldBytes(each["data_class"], each["bytes"]) for each in line.entry["held"]]
            stated.setdefault(line.entry["site"], SiteStatement(line.entry["at"], held, line.index))
        independent = {member.vkey for member in document.keyholders.members if member.role != "operator"}
        texts = (document.witness_policies.release, document.witness_policies.public)
        return SitesView(
            operator=document.operator,
            owners=document.owners,
            sites=[
                SiteView(
                    site.site,
                    site.country,
                    site.purposes,
                    site.signer,
                    site.signer not in independent,
                    stated.get(site.site),
                )
                for site in document.storage
            ],
            auditors=document.auditors,
            witnesses=list(
                dict.fromkeys(each.name for text in texts for each in policy.parse(text).witnesses)
            ),
            check=checked,
            made_at=self._clock.now(),
        )

    # --- for operators ------------------------------------------------------------------------------------

    async def list_proposals(self, uow: UnitOfWork) -> list[ProposalView]:
        """Return what could follow the version in force, newest first. Raises `NotFoundError`, as all below."""
        await _require_operator(uow)
        return await asyncio.to_thread(self._deliberation.list_open)

    async def propose(self, uow: UnitOfWork, said: dict[str, Any]) -> ProposalView:
        """Keep a whole charter as a proposal for the next version.

        Raises `CharterUnusableError` and `TooManyProposalsError`.
        """
        await _require_operator(uow)
        return await asyncio.to_thread(self._deliberation.propose, said)

    async def proposal(self, uow: UnitOfWork, digest: str) -> ProposalView:
        """Return one proposal. Raises `NotFoundError`."""
        await _require_operator(uow)
        return await asyncio.to_thread(self._deliberation.view, digest)

    async def sign(self, uow: UnitOfWork, digest: str, keyholder: str, signature: str) -> ProposalView:
        """Add a keyholder's signature. Raises `CharterSignatureError`."""
        await _require_operator(uow)
        return await asyncio.to_thread(
            self._deliberation.sign, CharterSignature(digest, keyholder, signature)
        )

    async def forget(self, uow: UnitOfWork, digest: str) -> None:
        """Take a proposal back. Raises `NotFoundError`."""
        await _require_operator(uow)
        await asyncio.to_thread(self._deliberation.forget, digest)

    async def adopt(self, uow: UnitOfWork, digest: str) -> Adoption:
        """Let a proposal take effect: all parts of the realm stop, and start again under it.

        Raises `CharterNotAdoptableError`.
        """
        await _require_operator(uow)
        await asyncio.to_thread(self._deliberation.adopt, digest)
        return Adoption(digest, self._take_effect())


async def _require_operator(uow: UnitOfWork) -> None:
    if not await RealmReader(uow).is_operator():
        raise NotFoundError


def _document_url(digest: str) -> str:
    return f"/ledger/document/{digest}.json"
