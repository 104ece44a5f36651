"""The drawn clips: each draws at every moment, moves, and keeps what matters out from under the controls."""

import itertools

import numpy as np
import pytest

from reelm.entrypoints.demo import footage, repertoire
from reelm.entrypoints.demo.beat import CATALOGUE, Beat, Scene
from reelm.entrypoints.demo.easing import back, bounce, elastic, keys, noise, smooth, span
from reelm.entrypoints.demo.stage import HEIGHT, WIDTH, Stage, blend
from reelm.entrypoints.demo.tracks import RECIPES, tempo
from reelm.entrypoints.demo.type import is_han, writable

SCENES = repertoire.drawn(with_encore=True)


def beat_of(scene: Scene) -> Beat:
    bpm, meter = tempo(scene.track)
    wobble = [(0.5 + 0.5 * (frame % 7) / 6,) * 3 for frame in range(600)]
    return Beat(bpm, scene.bars * meter, wobble)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.slug)
def test_a_scene_draws_from_its_first_frame_to_its_last_and_moves(scene: Scene):
    beat = beat_of(scene)
    draw, stage = scene.prepare(beat), Stage()
    frames = []
    for part in (0.0, 0.31, 0.62, 0.999):
        draw(stage, beat.beats * part)
        frame = stage.frame()
        assert frame.size == (WIDTH, HEIGHT)
        frames.append(np.asarray(frame).astype(int))
    assert frames[0].std() > 8, "the first frame is the poster and must show something"
    for one, next_one in itertools.pairwise(frames):
        assert np.abs(one - next_one).mean() > 0.05


def test_a_frame_does_not_depend_on_those_before_it():
    scene = CATALOGUE["snail-race"]
    beat = beat_of(scene)
    fresh, used = Stage(), Stage()
    draw = scene.prepare(beat)
    draw(used, 3.0)
    draw(used, 7.3)
    scene.prepare(beat)(fresh, 7.3)
    assert np.array_equal(np.asarray(fresh.frame()), np.asarray(used.frame()))


def test_scenes_last_five_to_twelve_seconds():
    for scene in SCENES:
        bpm, meter = tempo(scene.track)
        assert 5 <= scene.bars * meter * 60 / bpm <= 12, scene.slug


def test_there_are_enough_with_and_without_footage():
    drawn = len(repertoire.drawn(with_encore=False))
    assert drawn + len(footage.CUTS) >= 40
    assert len(footage.CUTS) * 3 <= drawn + len(footage.CUTS)
    assert drawn >= 28
    assert len([scene for scene in SCENES if not scene.needs_han]) >= 40


def test_every_track_comes_into_the_realm_and_most_are_reused():
    assert set(repertoire.origins()) == set(RECIPES)
    reused = [scene for scene in SCENES if repertoire.offset_bars(scene) is not None]
    assert len(reused) >= 12
    for scene in reused:
        origin = repertoire.origins()[scene.track]
        offset = repertoire.offset_bars(scene)
        assert offset is not None
        assert offset + scene.bars <= origin.bars


def test_a_cut_of_footage_fits_into_the_sound_it_uses():
    for cut in footage.CUTS:
        assert cut.bars <= repertoire.origins()[cut.track].bars, cut.slug
        assert 4.5 <= cut.length <= 12, cut.slug


def test_curves_start_and_arrive():
    for curve in (smooth, back, elastic, bounce):
        assert curve(0) == pytest.approx(0)
        assert curve(1) == pytest.approx(1)
    assert span(5, 10, 12) == 0
    assert span(15, 10, 12) == 1
    assert keys(1, [(0, 0), (2, 10)], lambda x: x) == 5
    assert keys(9, [(0, 0), (2, 10)]) == 10
    assert noise(3.0) == noise(3.0)
    assert 0 <= noise(17.5) < 1


def test_shapes_land_where_they_are_put():
    stage = Stage()
    stage.fill("#000000")
    with stage.at(100, 200, size=2):
        stage.box(0, 0, 20, 20, "#ff0000")
    picture = np.asarray(stage.frame())
    assert tuple(picture[200, 100]) == (255, 0, 0)
    assert tuple(picture[200, 119]) == (255, 0, 0)
    assert tuple(picture[200, 123]) == (0, 0, 0)
    stage.circle(300, 300, 10, "#00ff00", 0.5)
    assert tuple(np.asarray(stage.frame())[300, 300]) == (0, 128, 0)
    assert blend("#000000", "#ffffff", 0.5) == (128, 128, 128, 255)


def test_without_a_typeface_words_lose_their_accents_and_not_their_letters(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("reelm.entrypoints.demo.type._path", lambda style, han: None)
    assert writable("Où est l'été ?", "bold") == "Ou est l'ete ?"
    assert writable("森林", "bold") == ""
    assert is_han("WiFi 没有")
