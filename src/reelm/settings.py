"""Settings: typed, nested per room; the only file that names environment variables.

Every setting has a default that lets `reelm up` start without being asked anything.
"""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

Role = Literal[
    "reelm_admin",
    "reelm_web",
    "reelm_worker",
    "reelm_catalog",
    "reelm_indexer",
    "reelm_keys",
    "reelm_ledger",
    "reelm_border",
]
DATA_VARIABLE, PORT_VARIABLE = "REELM_DATA", "REELM_PORT"
DATABASE_VARIABLE = "REELM_DATABASE_URL"
PASSWORD_VARIABLE = "REELM_PASSWORD"  # noqa: S105 - the variable's name
KeysCaller = Literal["web", "worker", "sequencer", "cli"]
KEYS_CALLERS: tuple[KeysCaller, ...] = ("web", "worker", "sequencer", "cli")
BorderCaller = Literal["web", "worker", "sequencer", "cli"]
BORDER_CALLERS: tuple[BorderCaller, ...] = ("web", "worker", "sequencer", "cli")
LOGIN_ROLES: tuple[Role, ...] = (
    "reelm_web",
    "reelm_worker",
    "reelm_catalog",
    "reelm_indexer",
    "reelm_keys",
    "reelm_ledger",
    "reelm_border",
)


@dataclass(frozen=True)
class DatabaseSettings:
    """Where PostgreSQL is, and this process's own passwords.

    `passwords` holds only the roles the process was handed; asking for another raises KeyError.
    """

    host: str
    port: int = 5432
    name: str = "reelm"
    passwords: Mapping[str, str] = field(default_factory=dict)
    pool_size: int = 10
    external: bool = False
    admin_role: str = "reelm_admin"
    sslmode: str = "prefer"

    def connection(self, role: Role) -> dict[str, Any]:
        """Return the keyword arguments of `asyncpg.connect` for one login role."""
        user = self.admin_role if role == "reelm_admin" else role
        return {
            "host": self.host,
            "port": self.port,
            "database": self.name,
            "user": user,
            "password": self.passwords[role],
            **({"ssl": self.sslmode} if self.external else {}),
        }

    @classmethod
    def from_url(cls, url: str, passwords: Mapping[str, str]) -> "DatabaseSettings":
        """Read `postgresql://admin:password@host:port/name?sslmode=…`, the administrator's URL of an own server.

        Raises ValueError for an option that would not be obeyed.
        """
        parts = urlsplit(url)
        options = parse_qs(parts.query, keep_blank_values=True)
        sslmode = options.pop("sslmode", ["prefer"])[-1]
        if options:
            raise ValueError(f"{DATABASE_VARIABLE} takes no option {', '.join(sorted(options))}")
        if sslmode not in {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}:
            raise ValueError(f"{DATABASE_VARIABLE} has an unknown sslmode, {sslmode!r}")
        merged = {**passwords, "reelm_admin": unquote(parts.password or "")}
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 5432,
            name=parts.path.lstrip("/") or "reelm",
            passwords=merged,
            external=True,
            admin_role=unquote(parts.username or "postgres"),
            sslmode=sslmode,
        )


@dataclass(frozen=True)
class WebSettings:
    """The HTTP side. `public_url` is what people type; it decides cookies, passkeys and links.

    `listener` is the descriptor of a listening socket inherited from the supervisor, if there's one.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    processes: int = 2
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    listener: int | None = None

    @property
    def origin(self) -> str:
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def secure(self) -> bool:
        return self.origin.startswith("https://")


@dataclass(frozen=True)
class MediaSettings:
    """Limits of what people upload, and how strictly their files are opened."""

    sandbox: Literal["full", "weak"] = "full"
    upload_bytes: int = 500_000_000
    clip_seconds: int = 600
    quota_bytes: int = 20_000_000_000
    import_bytes: int = 20_000_000_000
    upload_hours: int = 48
    ffmpeg: str = ""
    encodes: int = 1


@dataclass(frozen=True)
class BorderSettings:
    """The door to other realms. `port` 0 opens none inwards; `url` is what other realms are told to write to.

    `allow`: networks beside the public one that may be connected to; `delivery`: hosts that mail and push may go to.
    `secrets` are those of the processes that may ask it to fetch something, as far as this process was handed them.
    """

    host: str = "127.0.0.1"
    port: int = 0
    url: str = ""
    allow: tuple[str, ...] = ()
    delivery: tuple[str, ...] = ()
    socket: str = ""
    secrets: Mapping[BorderCaller, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """Everything a process of the realm needs to know before it starts."""

    data: Path
    database: DatabaseSettings
    web: WebSettings = field(default_factory=WebSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
    border: BorderSettings = field(default_factory=BorderSettings)
    keys_socket: str = ""
    keys_uid: int | None = None
    caller_secrets: Mapping[KeysCaller, str] = field(default_factory=dict)
    site: str = ""
    backup_site: str = ""
    cdn_url: str = ""
    release: str = "dev"
    event_days: int = 90
    limit_factor: int = 1
    batch_seconds: int = 10
    learn_seconds: int = 120

    @property
    def keys_address(self) -> str:
        return self.keys_socket or str(self.data / "run" / "keys.sock")

    @property
    def border_address(self) -> str:
        return self.border.socket or str(self.data / "run" / "border.sock")

    @property
    def border_folder(self) -> Path:
        """The border's own: its key, and what it fetched until somebody took it."""
        return self.data / "border"

    @property
    def push_folder(self) -> Path:
        """The worker's own: the key by which push services know this realm, and its public half beside it."""
        return self.data / "push"

    @property
    def push_public_key(self) -> Path:
        return self.push_folder / "key.pub"

    @property
    def border_url(self) -> str:
        """Where other realms reach this one."""
        return self.border.url.rstrip("/") or f"http://{self.border.host}:{self.border.port}"

    @property
    def blobs(self) -> Path:
        return self.data / "blobs"

    @property
    def scratch(self) -> Path:
        return self.data / "scratch"

    @property
    def feed(self) -> Path:
        """What the feed keeps beside the database: the shared catalog, matrices, snapshots, lists."""
        return self.data / "feed"


def database_url() -> str:
    """Return the administrator's URL of an own PostgreSQL server; empty for the server that Reelm brings."""
    return os.environ.get(DATABASE_VARIABLE, "")


def given_password() -> str:
    """Return the password that a command was given by its environment; empty when it has to ask."""
    return os.environ.get(PASSWORD_VARIABLE, "")


def from_environment(
    data: Path,
    *,
    port: int | None = None,
    database: DatabaseSettings | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Build the settings of a realm kept in `data`. Raises ValueError naming the variable that is wrong."""
    env = os.environ if environment is None else environment

    def number(name: str, default: int) -> int:
        try:
            return int(env.get(name, default))
        except ValueError:
            raise ValueError(f"{name} must be a whole number, not {env[name]!r}") from None

    sandbox = env.get("REELM_MEDIA_SANDBOX", "full")
    if sandbox not in {"full", "weak"}:
        raise ValueError(f"REELM_MEDIA_SANDBOX must be full or weak, not {sandbox!r}")
    batch_seconds = number("REELM_BATCH_SECONDS", 10)
    if batch_seconds not in range(10, 3601, 10):
        raise ValueError(f"REELM_BATCH_SECONDS must be 10, 20, … or 3600, not {batch_seconds}")

    def listed(name: str) -> tuple[str, ...]:
        return tuple(each.strip() for each in env.get(name, "").split(",") if each.strip())

    for network in listed("REELM_BORDER_ALLOW"):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ValueError(f"REELM_BORDER_ALLOW must list networks, and {network!r} is none") from None
    proxies = listed("REELM_TRUSTED_PROXIES")
    return Settings(
        data=data,
        database=database or DatabaseSettings(host=str(data / "run")),
        web=WebSettings(
            host=env.get("REELM_HOST", "127.0.0.1"),
            port=port if port is not None else number(PORT_VARIABLE, 8080),
            processes=number("REELM_WEB_PROCESSES", min(2, os.cpu_count() or 1)),
            public_url=env.get("REELM_PUBLIC_URL", ""),
            trusted_proxies=proxies,
        ),
        media=MediaSettings(
            sandbox="weak" if sandbox == "weak" else "full",
            upload_bytes=number("REELM_UPLOAD_BYTES", 500_000_000),
            clip_seconds=number("REELM_CLIP_SECONDS", 600),
            quota_bytes=number("REELM_QUOTA_BYTES", 20_000_000_000),
            import_bytes=number("REELM_IMPORT_BYTES", 20_000_000_000),
            ffmpeg=env.get("REELM_FFMPEG", ""),
            encodes=number("REELM_ENCODES", 1),
        ),
        border=BorderSettings(
            host=env.get("REELM_BORDER_HOST", "127.0.0.1"),
            port=number("REELM_BORDER_PORT", 0),
            url=env.get("REELM_BORDER_URL", ""),
            allow=listed("REELM_BORDER_ALLOW"),
            delivery=listed("REELM_BORDER_DELIVERY"),
        ),
        site=env.get("REELM_SITE", ""),
        backup_site=env.get("REELM_BACKUP_SITE", ""),
        cdn_url=env.get("REELM_CDN_URL", ""),
        release=env.get("REELM_RELEASE", "dev"),
        event_days=number("REELM_EVENT_DAYS", 90),
        limit_factor=number("REELM_LIMIT_FACTOR", 1),
        batch_seconds=batch_seconds,
        learn_seconds=max(1, number("REELM_LEARN_SECONDS", 120)),
    )
