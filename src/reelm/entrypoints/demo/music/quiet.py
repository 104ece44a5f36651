"""The six gentle tracks: lo-fi, waltz, bossa, marimba, ambient and the tea hill."""

from __future__ import annotations

import functools

from reelm.entrypoints.demo.music import voices as v
from reelm.entrypoints.demo.music.score import Score, pitch_of, root_of, voicing


def rain_on_the_router(s: Score) -> None:
    """Lo-fi: four ninth chords, a drunken kick, and weather."""
    s.bus("drums", 0.95, 0.08)
    s.bus("bass", 0.85, 0.02, duck=0.25)
    s.bus("keys", 0.62, 0.25, duck=0.3)
    s.bus("tune", 0.5, 0.4)
    s.bus("air", 0.12, 0.0)
    for bar, chord in enumerate(("Dm9", "G13", "Cmaj9", "A7b9")):
        at = bar * 4
        notes = voicing(chord, 62)
        s.strum("keys", v.electric_piano, at, notes, 1.6, 0.8, spread=0.03)
        s.strum("keys", v.electric_piano, at + 1.75, notes[1:], 0.5, 0.5)
        s.strum("keys", v.electric_piano, at + 2.5, notes, 1.3, 0.62, spread=0.02)
        low = root_of(chord, 35)
        for when, step, length in (
            (0, 0, 1.4),
            (1.75, 7, 0.5),
            (2.5, 0, 0.8),
            (3.5, 10 if "7" in chord else 5, 0.4),
        ):
            s.note("bass", v.round_bass, at + when, low + step, length, 0.9)
    s.melody(
        "tune",
        v.celesta,
        "_:.5 A5:.5 C6:.75 A5:1.25 G5:1 _:.5 E5:.5 F5:.75 E5:.75 D5:1.5 "
        "_:.5 B4:.5 D5:.5 G5:1 E5:1.5 _:.5 C#5:.5 E5:.5 G5:.5 Bb5:1 A5:1",
        loud=0.6,
        pan=0.25,
    )
    s.kick(v.kick(110, 44, 0.3, 0.2), "x... ..o. .x.. .... x... ..o. .xo. ..o.", 0.9)
    s.drum("drums", v.snare(175, 0.2, 0.5), ".... x... .... x... .... x... .... x..o", 0.62)
    s.drum("drums", v.hat(0.05, 6000), "x.o. x.ox x.o. x.oo", 0.26, pan=0.3)
    s.drum("drums", v.block(430), ".... ..o. .... .... ..o. .... ...o ....", 0.3, pan=-0.4)
    s.place("air", v.rain(round(s.samples / v.RATE, 3)), 0, 0.9)


def waltz_for_a_lost_sock(s: Score) -> None:
    """A small accordion, a tuba with manners, and a glockenspiel that knows where the sock is."""
    s.bus("drums", 0.55, 0.2)
    s.bus("bass", 0.75, 0.1)
    s.bus("chords", 0.5, 0.2)
    s.bus("tune", 0.85, 0.25)
    s.bus("bells", 0.4, 0.4)
    changes = ("Am", "Am", "Dm", "Dm", "E7", "E7", "Am", "E7", "Am", "A7", "Dm", "Dm", "Am", "E7", "Am", "Am")
    for bar, chord in enumerate(changes):
        at = bar * 3
        s.note("bass", v.tuba, at, root_of(chord, 33) + (7 if bar % 2 else 0), 0.75, 0.85)
        for beat in (1, 2):
            s.strum("chords", v.accordion, at + beat, voicing(chord, 59), 0.35, 0.75)
    s.melody(
        "tune",
        v.accordion,
        "E5:2 D#5:.5 E5:.5 A5:2 E5:1 F5:2 E5:.5 F5:.5 D5:3 "
        "G#4:1 B4:1 D5:1 F5:2 E5:1 C5:1.5 B4:.5 A4:1 B4:3 "
        "E5:2 D#5:.5 E5:.5 G5:2 A5:1 F5:1 A5:1 D6:1 C6:1.5 B5:.5 A5:1 "
        "E5:1 A5:1 C6:1 B5:1 G#5:1 E5:1 A5:2 E5:1 A4:2 _:1",
        loud=0.9,
        pan=-0.1,
    )
    s.melody(
        "bells",
        v.celesta,
        "_:12 E6:.5 D6:.5 B5:.5 G#5:.5 _:1 _:21 E6:1 G#6:1 B6:1 A6:3 _:6",
        loud=0.7,
        pan=0.4,
    )
    s.drum("drums", v.shaker(0.12), ".... x... o...", 0.5, pan=0.2)
    s.drum("drums", v.tom(82), "x... .... ....", 0.4)
    s.drum("drums", v.block(1180), ".... .... .... x.x. .... ....", 0.25, pan=-0.5, bars=range(7, 16, 4))


def bossa_do_pao(s: Score) -> None:
    """Nylon guitar, a lazy bass in two, and someone whistling home with a warm loaf."""
    s.bus("drums", 0.6, 0.15)
    s.bus("bass", 0.85, 0.03)
    s.bus("guitar", 0.75, 0.18)
    s.bus("tune", 0.55, 0.35)
    s.bus("pad", 0.16, 0.4)
    changes = ("Fmaj7", "Fmaj7", "G13", "G13", "Gm9", "C7b9", "Fmaj9", "C13")
    for bar, chord in enumerate(changes):
        at, notes, low = bar * 4, voicing(chord, 60), root_of(chord, 33)
        for when, step, length in ((0, 0, 1.3), (1.5, 7, 0.45), (2, 7, 1.3), (3.5, 0, 0.45)):
            s.note("bass", v.round_bass, at + when, low + step, length, 0.85)
        hits = (0, 1, 2.5, 3.5) if bar % 2 == 0 else (0.5, 1.5, 2, 3)
        for when in hits:
            s.strum(
                "guitar", functools.partial(v.plucked, bright=0.7), at + when, notes, 0.55, 0.85, spread=0.015
            )
        s.strum("pad", v.pad, at, voicing(chord, 67), 3.4, 0.7, width=0.9)
    s.melody(
        "tune",
        v.whistle,
        "C6:1.5 E6:.5 D6:1 C6:1 A5:2.5 _:.5 G5:.5 A5:.5 B5:1.5 D6:.5 C6:1 B5:1 A5:3 _:1 "
        "Bb5:1.5 D6:.5 C6:1 Bb5:1 A5:1 Db6:1 Bb5:1 G5:1 A5:2.5 C6:.5 G5:1 E5:2 _:2",
        loud=0.75,
        pan=0.1,
        up=-12,
    )
    s.kick(v.kick(70, 50, 0.22, 0.1), "x..o x..o x..o x..o", 0.5)
    s.drum("drums", v.block(900), "x..x ..x. ..x. .x.. ..x. .x.. x..x ..x.", 0.42, pan=0.25)
    s.drum("drums", v.shaker(0.08), "xoxo xoxo xoxo xoxo", 0.32, pan=-0.3)


def twelve_kettles(s: Score) -> None:
    """Minimal music: two marimbas play the same figure, one of them a step late, and kettles answer."""
    s.bus("one", 0.62, 0.2)
    s.bus("two", 0.56, 0.25)
    s.bus("bass", 0.7, 0.1)
    s.bus("air", 0.34, 0.5)
    s.bus("drums", 0.4, 0.2)
    figure = ("E4", "B4", "F#4", "E5", "C#5", "B4", "F#4", "G#4", "E5", "B4", "F#5", "C#5")
    for step in range(s.beats * 4):
        lift = 12 if (step // 64) % 2 and step % 3 == 0 else 0
        loud = 0.62 if step % 4 else 0.95
        s.note("one", v.marimba, step / 4, pitch_of(figure[step % 12]) + lift, 0.25, loud, -0.55)
        if step % 2 == 0 or step >= 64:
            late = step + 1 + step // 48
            s.note("two", v.marimba, step / 4, pitch_of(figure[late % 12]), 0.25, loud * 0.85, 0.55)
    for bar, root in enumerate(("C#2", "C#2", "A1", "A1", "E2", "E2", "B1", "B1")):
        for when in (0, 1.5, 3):
            s.note("bass", v.round_bass, bar * 4 + when, pitch_of(root) + 12, 1.1, 0.9)
    for bar, chord in ((0, "C#m7"), (2, "Amaj9"), (4, "Emaj7"), (6, "B6")):
        s.strum("air", v.pad, bar * 4, voicing(chord, 64), 7, 0.8, width=0.9)
    s.melody("air", v.flute, "_:6 G#5:2 _:4 B5:3 C#6:1 _:6 E6:2 _:4 D#6:2 B5:2", loud=0.55, pan=0.2)
    s.drum("drums", v.shaker(0.06), "o.xo o.xo", 0.4, pan=0.4)
    s.kick(v.kick(80, 48, 0.25, 0.15), "x..... x..... x...", 0.6)
    s.drum("drums", v.block(1300), "..........x.....", 0.25, pan=-0.6)


def moon_in_slippers(s: Score) -> None:
    """Ambient: four slow chords, a bell now and then, and a heartbeat far below."""
    s.bus("pad", 0.75, 0.45)
    s.bus("bells", 0.55, 0.7)
    s.bus("bass", 0.6, 0.1)
    s.bus("drums", 0.35, 0.4)
    for bar, chord in enumerate(("Ebmaj9", "Cm9", "Abmaj7", "Bb9")):
        at = bar * 4
        s.strum("pad", v.pad, at, [*voicing(chord, 60), *voicing(chord, 72)[:2]], 3.8, 1.0, width=0.95)
        s.note("bass", v.round_bass, at, root_of(chord, 34), 3.6, 0.9)
        s.note("bass", v.round_bass, at + 2.5, root_of(chord, 34) + 7, 1.2, 0.5)
    s.melody(
        "bells",
        v.celesta,
        "G5:.5 Bb5:.5 D6:1 F6:2 _:.5 Eb6:.5 D6:1 G5:2 _:.5 C6:.5 Eb6:.5 G6:1.5 F6:1 _:.5 D6:.5 C6:.5 F5:2.5",
        loud=0.7,
        pan=-0.2,
    )
    s.melody("bells", v.celesta, "_:2.25 Bb6:.75 _:4.25 G6:.75 _:3.25 Eb6:.75 _:4", loud=0.35, pan=0.6)
    s.drum("drums", v.tom(58), "X..o .... .... ....", 0.6)
    s.drum("drums", v.shaker(0.5), ".... .... x... ....", 0.25, pan=0.3)


def tea_hill_drizzle(s: Score) -> None:
    """Five notes only: a guzheng climbs, a bamboo flute answers, wood blocks keep the drizzle."""
    s.bus("zheng", 0.8, 0.35)
    s.bus("flute", 0.55, 0.5)
    s.bus("bass", 0.6, 0.1)
    s.bus("pad", 0.2, 0.5)
    s.bus("drums", 0.45, 0.3)
    scale = [
        pitch_of(n) for n in ("D3", "E3", "G3", "A3", "B3", "D4", "E4", "G4", "A4", "B4", "D5", "E5", "G5")
    ]
    for bar, start in enumerate((2, 0, 3, 1, 4, 2)):
        for step in range(8):
            up = start + (0, 2, 4, 5, 7, 5, 4, 2)[step]
            s.note(
                "zheng",
                v.guzheng,
                bar * 4 + step / 2,
                scale[up % 13],
                0.5,
                0.75 if step % 2 else 0.9,
                -0.35 + step * 0.1,
            )
        for step in range(6):
            s.note(
                "zheng",
                v.guzheng,
                bar * 4 + 3.55 + step * 0.07,
                scale[6 + step],
                0.2,
                0.26 + step * 0.03,
                0.4,
            )
    s.melody(
        "flute",
        v.flute,
        "_:1 D5:.5 E5:.5 G5:1.5 E5:.5 D5:2 B4:1 A4:1 _:.5 A4:.5 B4:.5 D5:.5 E5:2 "
        "G5:1 A5:.5 G5:.5 E5:1 D5:1 B4:1.5 D5:.5 E5:2 D5:.5 B4:.5 A4:1 G4:2",
        loud=0.8,
        pan=0.15,
    )
    for bar, (root, chord) in enumerate(
        (("G2", "G6"), ("E2", "Em7"), ("A2", "Asus4"), ("D2", "Dsus2"), ("E2", "Em7"), ("G2", "G6"))
    ):
        s.note("bass", v.round_bass, bar * 4, pitch_of(root), 2.4, 0.9)
        s.note("bass", v.round_bass, bar * 4 + 2.5, pitch_of(root) + 7, 1.2, 0.6)
        s.strum("pad", v.pad, bar * 4, voicing(chord, 62), 3.6, 0.8, width=0.9)
    s.drum("drums", v.block(1050), "x... ..o. x... .o..", 0.45, pan=0.4)
    s.drum("drums", v.block(720), "..o. .... .... o...", 0.4, pan=-0.4)
    s.drum("drums", v.tom(70), "X... .... ..o. ....", 0.7)
    s.drum("drums", v.shaker(0.14), ".... x... .... x.o.", 0.3, pan=0.2)
