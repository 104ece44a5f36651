"""Which addresses this realm connects to: those of the public network, and what its operator listed besides."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[list[str]]]

# Addresses that stand for IPv4 ones: whoever answers a name with them means the address inside.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_INSIDE = (
    ipaddress.IPv6Network("::/96"),  # IPv4-compatible, long given up
    ipaddress.IPv6Network("::ffff:0:0/96"),
    ipaddress.IPv6Network("::ffff:0:0:0/96"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
    ipaddress.IPv6Network("2001::/32"),
    ipaddress.IPv6Network("2002::/16"),
)


def networks(listed: Iterable[str]) -> tuple[Network, ...]:
    """Read a list such as REELM_BORDER_ALLOW. Raises ValueError for what isn't an address or a network."""
    return tuple(ipaddress.ip_network(each.strip()) for each in listed if each.strip())


def allowed(address: Address, private: Iterable[Network]) -> bool:
    """Say whether a connection to the address may be opened; `private` are networks of one's own.

    Multicast, unspecified and reserved addresses, and those that hide another one, never are.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            return allowed(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF), ())
        if address.scope_id or (
            address != ipaddress.IPv6Address("::1") and any(address in n for n in _INSIDE)
        ):
            return False
    if address.is_multicast or address.is_unspecified or address == ipaddress.IPv4Address("255.255.255.255"):
        return False
    if any(address.version == network.version and address in network for network in private):
        return True
    return is_public(address)


def is_public(address: Address) -> bool:
    """Say whether it is an address of the public network."""
    return address.is_global and not (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_reserved
        or address.is_multicast
        or address.is_unspecified
        or getattr(address, "is_site_local", False)
    )


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as the machine's resolver knows them, in its order. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def permitted(found: Iterable[str], private: Iterable[Network]) -> list[Address]:
    """Return those of the addresses that may be connected to, in their order."""
    private = tuple(private)
    addresses = [ipaddress.ip_address(each) for each in found]
    return [each for each in addresses if allowed(each, private)]
