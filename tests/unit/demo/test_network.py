"""The demo's composition as data: charters that stand, a cast that lives where its clips are."""

from pathlib import Path

import msgspec

from reelm.entrypoints import composition
from reelm.entrypoints.demo.people import CAST
from reelm.entrypoints.demo.repertoire import origins
from reelm.entrypoints.demo.script import POSTS
from reelm.entrypoints.zone import ZoneFolder
from reelm.realm.checks import check
from reelm.realm.network import contradictions
from reelm.realm.schemas import RealmDocument


def test_its_charters_stand_and_agree_with_each_other(tmp_path: Path) -> None:
    laid = composition.lay_out(tmp_path, composition.read_plan(), first_port=20000)
    networks: dict[str, list[dict[str, object]]] = {}
    for place in laid.realms:
        document = place.document()
        assert check(msgspec.convert(document, RealmDocument)) == []
        networks.setdefault(place.network.network, []).append(document)
    assert len(networks) == 2
    assert [contradictions(documents) for documents in networks.values()] == [[], []]


def test_its_cast_lives_where_its_clips_and_ties_say() -> None:
    cast = {persona.handle for persona in CAST}
    # Each brings its own sound, and needs no letters that a machine may lack.
    drawn = {scene.slug for scene in origins().values() if not scene.needs_han}
    for network in composition.read_plan().networks:
        homes = {realm.realm: set(realm.people) for realm in network.realms}
        for realm in network.realms:
            assert set(realm.people) <= cast
            assert {POSTS[slug].author for slug in realm.clips} <= set(realm.people)
            assert set(realm.clips) <= drawn
        for tie in network.ties:
            assert tie.who in homes[tie.realm]
            assert tie.follows in homes[tie.of]
            assert tie.realm != tie.of


def test_laying_it_out_again_changes_nothing(tmp_path: Path) -> None:
    first = composition.lay_out(tmp_path, composition.read_plan())
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = composition.lay_out(tmp_path, composition.read_plan(), first_port=9999)
    assert first == again
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files
    ports = [port for place in first.realms for port in (place.web_port, place.border_port)]
    ports += [zone.port for zone in first.zones] + [first.witness_port]
    assert len(set(ports)) == len(ports)
    for zone in first.zones:
        names = {place.id for place in first.realms if place.network.network == zone.network}
        assert set(ZoneFolder(zone.data).in_force().realms) == names
