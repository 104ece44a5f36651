"""The charter at a start, and the commands `reelm charter …`."""

import os
import signal
from importlib.resources import files

import structlog

from reelm.entrypoints.folder import DataFolder, StartError
from reelm.realm import sites, succession
from reelm.realm.schemas_charter import Effect
from reelm.realm.service import RealmDocumentError, RealmService
from reelm.settings import Settings

_log = structlog.get_logger()


def prepare(settings: Settings, *, witnesses: bool = False) -> None:
    """Bring the charter in force to where every process reads it, and hold this machine against it.

    `witnesses`: let a demo's charter ask for its own two. Before anything that reads the charter starts; raises
    StartError.
    """
    try:
        realm = RealmService.load(settings).document
        if witnesses:
            from reelm.entrypoints.demo.witnesses import name_in_charter

            name_in_charter(settings.data)
        outcome = succession.prepare(
            settings.data,
            border_vkey=_border_vkey(settings, realm.realm) if realm.network else "",
            borders=policy(),
        )
    except (RealmDocumentError, ValueError) as error:
        raise StartError(f"The realm's document can't be used: {error}", "Mend realm.json.") from error
    if outcome.adopted:
        _log.info("charter adopted", digest=outcome.adopted)
    if outcome.waits:
        _log.warning(
            "realm.json was changed without enough signatures: it waits as a proposal", digest=outcome.waits
        )
    refusals = sites.check(succession.in_force(settings.data), settings)
    if refusals:
        raise StartError(
            " ".join(refusals), "Name the site in the charter (reelm charter propose), or change the setting."
        )


def renew(settings: Settings) -> None:
    """Carry out an adoption while nothing reads the charter; whatever fails, the realm goes on."""
    try:
        prepare(settings)
    except StartError as error:
        _log.error("charter refused", reason=error.message)


def take_effect(settings: Settings) -> Effect:
    """Let what was adopted take effect: a running supervisor stops every part, and starts them under it."""
    owner = DataFolder(settings.data).owner()
    if owner is None:
        return "next_start"
    os.kill(owner["pid"], signal.SIGUSR1)
    return "restarting"


def policy() -> str:
    """Return the border policies that a new realm of a network starts with."""
    return files("reelm.border").joinpath("default.cedar").read_text()


def _border_vkey(settings: Settings, realm: str) -> str:
    from reelm.border.key import read_or_make

    return read_or_make(settings.data, realm).vkey
