"""The tracks: measured, since nobody listens to a test."""

import numpy as np
import pytest

from reelm.entrypoints.demo.music import desk, voices
from reelm.entrypoints.demo.music.score import Score, chord_of, hertz, pitch_of, root_of, voicing
from reelm.entrypoints.demo.tracks import RECIPES, Track, tempo, track

QUICK = ("chip", "waltz")


@pytest.fixture(scope="module", params=QUICK)
def music(request: pytest.FixtureRequest) -> Track:
    return track(request.param)


def test_there_are_twelve_of_different_tempo_and_genre():
    assert len(RECIPES) == 12
    assert len({recipe.genre for recipe in RECIPES.values()}) == 12
    assert len({recipe.compose for recipe in RECIPES.values()}) == 12


@pytest.mark.parametrize("name", RECIPES)
def test_each_lasts_twelve_to_twenty_seconds(name: str):
    bpm, meter = tempo(name)
    assert 12 <= RECIPES[name].bars * meter * 60 / bpm <= 20


def test_a_track_is_loud_clean_and_never_silent(music: Track):
    assert desk.loudness(music.samples) == pytest.approx(desk.LOUDNESS, abs=0.3)
    assert np.abs(music.samples).max() < 10 ** (-1 / 20)
    tenths = [music.samples[:, at : at + 4410] for at in range(0, music.samples.shape[1] - 4410, 4410)]
    assert min(np.sqrt((piece**2).mean()) for piece in tenths) > 10 ** (-50 / 20)


def test_a_track_closes_on_itself(music: Track):
    steps = np.abs(np.diff(music.samples, axis=1))
    seam = np.abs(music.samples[:, 0] - music.samples[:, -1])
    assert seam.max() <= np.percentile(steps, 99.99) + 0.02


def test_the_same_samples_every_time():
    first, second = (RECIPES["chip"] for _ in range(2))
    scores = [first.blank(), second.blank()]
    for recipe, score in zip((first, second), scores, strict=True):
        recipe.compose(score)
    assert all(
        np.array_equal(scores[0].buses[name].left_right, scores[1].buses[name].left_right)
        for name in scores[0].buses
    )


def test_a_cut_goes_round_the_loops_end(music: Track):
    whole = music.cut(music.bars - 1, 2)
    last, first = music.cut(music.bars - 1, 1), music.cut(0, 1)
    assert abs(whole.shape[1] - last.shape[1] - first.shape[1]) <= 2
    assert np.array_equal(whole[:, : last.shape[1]], last)


def test_full_scale_sine_measures_as_the_standard_says():
    """ITU-R BS.1770: a 0 dBFS sine near 1 kHz in one of two channels reads -3.01 LUFS."""
    t = np.arange(voices.RATE * 3) / voices.RATE
    sine = np.stack([np.sin(2 * np.pi * 997 * t), np.zeros_like(t)]).astype(np.float32)
    assert desk.loudness(sine) == pytest.approx(-3.01, abs=0.4)


def test_notes_and_chords():
    assert pitch_of("A4") == 69
    assert pitch_of("Bb3") == 58
    assert pitch_of("C#5") == 73
    assert hertz(69) == 440
    assert chord_of("F#m7b5") == (6, (0, 3, 6, 10))
    assert root_of("D9", 33) == 38
    assert [note % 12 for note in voicing("C", 60)] == [7, 0, 4]


def test_a_note_past_the_end_wraps_to_the_start():
    score = Score(120, 1)
    score.bus("one")
    score.note("one", voices.plucked, 3.9, 60, 1.0)
    left = score.buses["one"].left_right[0]
    assert np.abs(left[:4000]).max() > 0.01
    assert np.abs(left[len(left) // 2 : len(left) // 2 + 4000]).max() == 0


@pytest.mark.parametrize(
    "sound",
    [
        voices.kick(),
        voices.snare(),
        voices.hat(),
        voices.clap(),
        voices.brass(220, 0.3),
        voices.guzheng(330, 0.3),
    ],
)
def test_voices_begin_and_end_without_a_click(sound: np.ndarray):
    assert np.isfinite(sound).all()
    assert abs(sound[-1]) < 0.01
    assert 0.2 < np.abs(sound).max() < 4
