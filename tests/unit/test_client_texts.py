"""What the realm refuses, the client says in the person's own language: every code has its sentence."""

import importlib
import json
import pkgutil
import re
from pathlib import Path

import reelm
from reelm.kit.errors import ReelmError

_WEB = Path(__file__).parents[2] / "web" / "src" / "lib"
_NOT_MET = {
    # What only other programs meet, and what the client prevents or shows without words.
    "accounts.key_reused",
    "accounts.too_young",  # a page of its own
    # What the border says to other processes: people meet what the room says that asked it.
    "border.forbidden",
    "border.unknown_address",
    "clips.cover_unsuitable",
    "contacts.element_unsuitable",
    "contacts.entry_unsuitable",
    "clips.not_failed",
    "clips.not_playable",
    "clips.not_processing",
    "clips.publish_time_unsuitable",
    "clips.published",
    "custody.already_enrolled",
    "custody.caller_refused",
    # The keys process's word to a web process that brings it wrong evidence: people meet `custody.grant_state` first.
    "custody.grant_approver",
    "custody.grant_class",
    "custody.grant_entries_apart",
    "custody.grant_malformed",
    "custody.grant_not_logged",
    "custody.grant_other_charter",
    "custody.grant_other_person",
    "custody.grant_over",
    "custody.grant_refused",
    "custody.grant_session",
    "custody.grant_staff_unknown",
    "custody.grant_unsigned",
    "custody.grant_used_before",
    "custody.checkpoint_refused",
    "custody.ticket_refused",
    "media.link_expired",
    "media.range_unsuitable",
    "media.seal_broken",
    "notices.too_many_streams",
    "reelm.body_too_large",
    "reelm.conflict",
    "reelm.failed",  # the name of an expected failure that has no own
    "reelm.foreign_origin",
    "reelm.invalid_request",
    "reelm.method_not_allowed",
    "reelm.not_allowed",
    "uploads.checksum_mismatch",
    "uploads.header_unsuitable",
    "uploads.offset_mismatch",
    "uploads.version_unsupported",
}


# The modules that declare refusals; whatever else a run has loaded declares no others.
_WITH_REFUSALS = {
    *(
        "blobs",
        "database",
        "errors",
        "gate",
        "grant_errors",
        "http",
        "reports_errors",
        "opening_errors",
        "serve",
        "upload_errors",
    ),
}


def _codes() -> dict[str, int]:
    """Every code of an expected failure with its status."""
    for module in pkgutil.walk_packages(reelm.__path__, "reelm."):
        if module.name.rpartition(".")[2] in _WITH_REFUSALS:
            importlib.import_module(module.name)
    found: dict[str, int] = {}
    todo = [ReelmError]
    while todo:
        kind = todo.pop()
        todo += kind.__subclasses__()
        if isinstance(getattr(kind, "code", None), str) and kind.__module__.startswith("reelm."):
            found[kind.code] = kind.status
    return found


def test_every_refusal_a_person_meets_is_in_the_clients_texts() -> None:
    # The staff's console, "your data", the realm's pages and messages bring their own texts, when they are opened.
    app = {}
    for name in ("app", "staff", "rights", "realms", "messages"):
        app |= json.loads((_WEB / f"i18n/en/{name}.json").read_text())
    studio = set(re.findall(r"'([a-z_]+\.[a-z_]+)':", (_WEB / "services/studio-problems.ts").read_text()))
    missing = {
        code
        for code, status in _codes().items()
        # Of the realm's own troubles and of haste there is one sentence each.
        if status < 500 and status != 429 and code not in _NOT_MET | studio and f"problem.{code}" not in app
    }
    assert missing == set()


def test_the_studio_knows_only_codes_that_exist() -> None:
    studio = re.findall(
        r"'((?:media|uploads|clips|sounds)\.[a-z_]+)':", (_WEB / "services/studio-problems.ts").read_text()
    )
    local = {"uploads.refused"}  # the client's own word for an answer without a code
    assert set(studio) - set(_codes()) == local


def test_the_data_maps_device_part_reads_the_same_in_the_client() -> None:
    texts = json.loads((_WEB / "i18n/en/ledger.json").read_text())
    served = json.loads((Path(reelm.__file__).parent / "realm/device.json").read_text())
    said = {f"device.{item['key']}_{part}": item[part] for item in served for part in ("what", "why", "kept")}
    assert {key: text for key, text in texts.items() if key.startswith("device.")} == said
