"""Builds the settings of a realm from its data folder, and hands each process its own part of them.

The web process never holds the worker's password.
"""

import dataclasses
import secrets
from pathlib import Path

from reelm import __version__
from reelm.entrypoints.folder import DataFolder, StartError, read_or_make_secret
from reelm.entrypoints.postgres import ADMIN, DATABASE
from reelm.realm.build import SHORT_DIGITS, build_digest
from reelm.settings import (
    BORDER_CALLERS,
    KEYS_CALLERS,
    LOGIN_ROLES,
    DatabaseSettings,
    Settings,
    database_url,
    from_environment,
)

_ROLES_OF = {
    "web": ("reelm_web", "reelm_catalog"),
    "worker": ("reelm_worker", "reelm_catalog"),
    "indexer": ("reelm_indexer",),
    "keys": ("reelm_keys",),
    "sequencer": ("reelm_ledger",),
    "border": ("reelm_border",),
}


def settings_of(folder: DataFolder, sockets: Path, port: int | None) -> Settings:
    """The realm's settings with every password; secrets that don't exist yet are made.

    Raises StartError for an environment variable that makes no sense.
    """
    passwords: dict[str, str] = {
        role: read_or_make_secret(folder.secrets / role.removeprefix("reelm_"), _new_password)
        for role in LOGIN_ROLES
    }
    url = database_url()
    if not url:
        passwords[ADMIN] = read_or_make_secret(folder.secrets / "admin", _new_password)
    try:
        if url:
            database = DatabaseSettings.from_url(url, passwords)
        else:
            database = DatabaseSettings(host=str(sockets / "pg"), name=DATABASE, passwords=passwords)
        settings = from_environment(folder.path, port=port, database=database)
    except ValueError as error:
        raise StartError(f"{error}.") from error
    release = (
        settings.release if settings.release != "dev" else f"{__version__}+{build_digest()[:SHORT_DIGITS]}"
    )
    callers = {
        caller: read_or_make_secret(folder.secrets / f"keys-{caller}", _new_password)
        for caller in KEYS_CALLERS
    }
    askers = {
        caller: read_or_make_secret(folder.secrets / f"border-{caller}", _new_password)
        for caller in BORDER_CALLERS
    }
    return dataclasses.replace(
        settings,
        keys_socket=str(sockets / "keys.sock"),
        release=release,
        caller_secrets=callers,
        border=dataclasses.replace(settings.border, socket=str(sockets / "border.sock"), secrets=askers),
    )


def handed_to(process: str, settings: Settings) -> Settings:
    """The settings of one kind of process, without the secrets of the others."""
    own = {role: settings.database.passwords[role] for role in _ROLES_OF[process]}
    known = settings.caller_secrets
    callers = known if process == "keys" else {name: known[name] for name in known if name == process}
    asking = settings.border.secrets
    askers = asking if process == "border" else {name: asking[name] for name in asking if name == process}
    return dataclasses.replace(
        settings,
        database=dataclasses.replace(settings.database, passwords=own),
        caller_secrets=callers,
        border=dataclasses.replace(settings.border, secrets=askers),
    )


def settings_of_running(data: Path, port: int | None = None) -> Settings:
    """The settings for a command that talks to a realm which another process runs. Raises StartError."""
    folder = DataFolder(data)
    if not (folder.secrets / "web").exists():
        raise StartError(f"There's no realm in {folder.path}.", "reelm up --data DIR makes one.")
    record = folder.run / "sockets"
    sockets = Path(record.read_text()) if record.exists() else folder.run
    owner = folder.owner()
    if owner is None and not database_url():
        raise StartError(f"No realm runs on {folder.path}.", f"Start it with: reelm up --data {folder.path}")
    if port is None and owner is not None:
        port = int(owner["address"].rpartition(":")[2])
    return settings_of(folder, sockets, port)


def _new_password() -> str:
    return secrets.token_urlsafe(32)
