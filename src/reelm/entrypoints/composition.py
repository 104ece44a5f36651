"""Several networks on one machine: folder, ports and charter for each realm, and a zone for each network.

What they are called, who runs them and who lives there is data (`demo/network.json`). Nothing is shared between two
realms but the machine: each has its own folder, database, keys, ledger, border and supervisor. Realms are shown to
people under names of their own below `localhost`, since a browser keeps cookies by host and not by port.
"""

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from reelm_audit.files import write_whole
from reelm_audit.witnessing import read_or_make_key

WITNESS = "network-witness"
_ZONE_PORT, _WEB_PORT, _BORDER_PORT, _WITNESS_PORT = 0, 1, 41, 90


class Tie(msgspec.Struct, frozen=True):
    """Somebody of one realm who follows somebody of another, and says something under a clip of theirs."""

    realm: str
    who: str
    follows: str
    of: str
    says: str


class RealmPlan(msgspec.Struct, frozen=True):
    """One realm. `lives_in`: the country its cast says it lives in, each one's own where it is empty."""

    realm: str
    name: str
    site: str
    country: str
    jurisdictions: list[Any]
    people: list[str]
    clips: list[str]
    everywhere_else: bool = True
    lives_in: str = ""
    operator: dict[str, Any] | None = None
    owners: list[dict[str, Any]] | None = None


class NetworkPlan(msgspec.Struct, frozen=True):
    """One network, with its edition."""

    network: str
    edition: dict[str, Any]
    operator: dict[str, Any]
    owners: list[dict[str, Any]]
    realms: list[RealmPlan]
    ties: list[Tie]
    minimum_age: int = 13


class Composition(msgspec.Struct, frozen=True):
    """All of them."""

    networks: list[NetworkPlan]


@dataclass(frozen=True)
class RealmPlace:
    """Where a realm of the composition lies and answers. `zone`: the address of its network's zone."""

    plan: RealmPlan
    network: NetworkPlan
    data: Path
    web_port: int
    border_port: int
    zone: str
    witness: str = ""

    @property
    def id(self) -> str:
        return self.plan.realm

    @property
    def address(self) -> str:
        """Where it answers on this machine."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def web(self) -> str:
        """Where people find it."""
        return f"http://{self.id}.localhost:{self.web_port}"

    @property
    def border(self) -> str:
        return f"http://127.0.0.1:{self.border_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What its supervisor is told besides: be lean, lie at this site, speak with this machine's realms."""
        return {
            "REELM_WEB_PROCESSES": "1",
            "REELM_PUBLIC_URL": self.web,
            "REELM_SITE": self.plan.site,
            "REELM_BACKUP_SITE": self.plan.site,
            "REELM_BORDER_PORT": str(self.border_port),
            "REELM_BORDER_URL": self.border,
            "REELM_BORDER_ALLOW": "127.0.0.0/8",
        }

    def document(self) -> dict[str, Any]:
        """Return its first charter, before it has a keyholder."""
        default = json.loads(files("reelm.realm").joinpath("default.json").read_bytes())
        site = {
            "site": self.plan.site,
            "country": self.plan.country,
            "purposes": ["primary", "backup", "kms"],
        }
        said = {
            "name": self.plan.name,
            "edition": {**default["edition"], **self.network.edition},
            "operator": self.plan.operator or self.network.operator,
            "owners": self.plan.owners or self.network.owners,
            "storage": [site],
            "minimum_age": self.network.minimum_age,
            "jurisdictions": self.plan.jurisdictions,
            "everywhere_else": self.plan.everywhere_else,
            "realm": self.id,
            "network": self.network.network,
            "ids": f"{self.zone}/{self.id}",
            "web": self.web,
            "border": self.border,
        }
        if self.witness:
            said["witness_policies"] = {"release": self.witness, "public": self.witness}
        return {**default, **said}


@dataclass(frozen=True)
class ZonePlace:
    """Where a network's zone lies and answers."""

    network: str
    data: Path
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Laid:
    """A composition that has its folders."""

    data: Path
    realms: list[RealmPlace]
    zones: list[ZonePlace]
    witness_port: int
    plan: Composition = field(default_factory=lambda: Composition([]))


def read_plan() -> Composition:
    """Return the composition of the demo."""
    text = files("reelm.entrypoints.demo").joinpath("network.json").read_bytes()
    return msgspec.json.decode(text, type=Composition)


def lay_out(
    data: Path,
    plan: Composition,
    *,
    first_port: int | None = None,
    only: Iterable[str] = (),
    witness: bool = True,
) -> Laid:
    """Give every realm of `plan` (or of `only`) a folder with its first charter, and every network a zone.

    What is there already stays, ports included. Ports follow `first_port`, or are any free ones.
    """
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o755)
    wanted = set(only)
    chosen = [(n, [r for r in n.realms if not wanted or r.realm in wanted]) for n in plan.networks]
    chosen = [(network, realms) for network, realms in chosen if realms]
    ports = _Ports(data / "ports.json", first_port)
    policy = _witness_policy(data, ports.of("witness", _WITNESS_PORT)) if witness else ""
    zones, places = [], []
    for number, (network, realms) in enumerate(chosen):
        zone = ZonePlace(
            network.network,
            data / f"zone-{network.network}",
            ports.of(f"zone {network.network}", _ZONE_PORT + 10 * number),
        )
        own = [
            RealmPlace(
                each,
                network,
                data / each.realm,
                ports.of(f"web {each.realm}", _WEB_PORT + 10 * number + place),
                ports.of(f"border {each.realm}", _BORDER_PORT + 10 * number + place),
                zone.address,
                policy,
            )
            for place, each in enumerate(realms)
        ]
        _begin_zone(zone, own)
        zones.append(zone)
        places += own
    for place in places:
        _write_charter(place)
    return Laid(data, places, zones, ports.of("witness", _WITNESS_PORT), plan)


class _Ports:
    """Which port is whose, remembered."""

    def __init__(self, path: Path, first: int | None) -> None:
        self._path, self._first = path, first
        self._known: dict[str, int] = json.loads(path.read_bytes()) if path.exists() else {}

    def of(self, name: str, offset: int) -> int:
        if name not in self._known:
            self._known[name] = _free_port() if self._first is None else self._first + offset
            write_whole(self._path, json.dumps(self._known, indent=1).encode())
        return self._known[name]


def _witness_policy(data: Path, port: int) -> str:
    key = read_or_make_key(WITNESS, data / "witness" / "key")
    return f"witness {WITNESS} {key.vkey} http://127.0.0.1:{port}/\nquorum {WITNESS}\n"


def _begin_zone(zone: ZonePlace, realms: list[RealmPlace]) -> None:
    from reelm.entrypoints.zone import FIRST_KEYHOLDER, ZoneFolder
    from reelm.realm.zone import Routes, ZoneKeyholder, ZoneRealm, digest_of

    folder = ZoneFolder(zone.data)
    if folder.versions():
        return
    holder = ZoneKeyholder(FIRST_KEYHOLDER, folder.own_key().vkey)
    answers = {place.id: ZoneRealm(place.web, place.border) for place in realms}
    routes = Routes(zone.network, 1, 1, [holder], answers)
    folder.begin(routes, own_key=True)
    folder.adopt(digest_of(routes))


def _write_charter(place: RealmPlace) -> None:
    path = place.data / "realm.json"
    if path.exists():
        return
    place.data.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(place.document(), indent=1, ensure_ascii=False).encode())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
