"""What passkeys are bound to: the realm's own host, or its network's zone."""

import pytest

from reelm.custody.keeper import relying_party


@pytest.mark.parametrize(
    ("origin", "zone", "rp_id", "origins"),
    [
        ("https://reelm.example", "", "reelm.example", ("https://reelm.example",)),
        ("https://us.example", "id.network.example", "id.network.example", ("https://us.example",)),
        ("http://us.localhost:8101", "id.network.example", "us.localhost", ("http://us.localhost:8101",)),
        ("http://127.0.0.1:8080", "", "localhost", ("http://localhost:8080", "http://127.0.0.1:8080")),
    ],
)
def test_a_passkey_is_bound_to_the_zone_where_there_is_one(
    origin: str, zone: str, rp_id: str, origins: tuple[str, ...]
) -> None:
    party = relying_party(origin, zone)
    assert (party.rp_id, party.origins) == (rp_id, origins)
