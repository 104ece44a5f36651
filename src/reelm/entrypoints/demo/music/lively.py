"""The six that make people move: disco, chiptune, drum and bass, techno, surf and a fanfare."""

from __future__ import annotations

import functools

from reelm.entrypoints.demo.music import voices as v
from reelm.entrypoints.demo.music.score import Score, pitch_of, root_of, voicing


def disco_colander(s: Score) -> None:
    """Octaves in the bass, strings that swoop, hi-hats between the beats."""
    s.bus("drums", 0.9, 0.08)
    s.bus("bass", 0.75, 0.02, duck=0.4)
    s.bus("keys", 0.5, 0.15, duck=0.2)
    s.bus("strings", 0.6, 0.3, duck=0.2)
    s.bus("guitar", 0.35, 0.1)
    changes = ("Am9", "D9", "Gmaj7", "Cmaj7", "F#m7b5", "B7", "Em9", "E7")
    for bar, chord in enumerate(changes):
        at, low, notes = bar * 4, root_of(chord, 33), voicing(chord, 62)
        for step in range(8):
            pitch = low + (12 if step % 2 else 0) + (7 if step == 6 else 0)
            s.note("bass", functools.partial(v.filter_bass, open_to=1100), at + step / 2, pitch, 0.34, 0.85)
        for when, length in ((0.5, 0.3), (1.25, 0.2), (2.5, 0.3), (3.25, 0.2)):
            s.strum("keys", v.electric_piano, at + when, notes, length, 0.8)
        for step, loud in enumerate((0, 0, 1, 0, 0.6, 0, 1, 0.5, 0, 0.6, 1, 0, 0.6, 0, 1, 0.6)):
            if loud:
                s.strum(
                    "guitar",
                    functools.partial(v.plucked, bright=1.5),
                    at + step / 4,
                    voicing(chord, 70)[:3],
                    0.08,
                    loud,
                )
    s.melody(
        "strings",
        v.strings,
        "E5:1.5 D5:.5 C5:1 B4:1 A4:.5 C5:.5 E5:1 F#5:2 D5:1.5 B4:.5 G4:1 B4:1 E5:3 _:1 "
        "C5:.5 E5:.5 A5:1 G5:1 F#5:1 D#5:.5 F#5:.5 A5:1 B5:2 G5:2 F#5:1 E5:1 "
        "E5:.25 F#5:.25 G#5:.25 A5:.25 B5:.25 C6:.25 D6:.25 E6:2.25",
        loud=0.85,
        pan=-0.15,
    )
    s.kick(v.kick(150, 48, 0.3), "x... x... x... x...", 0.95)
    s.drum("drums", v.clap(), ".... x... .... x...", 0.6)
    s.drum("drums", v.snare(210, 0.16, 0.6), ".... x... .... x... .... x... .... x.xx", 0.3)
    s.drum("drums", v.hat(0.2, 6500), "..x. ..x. ..x. ..x.", 0.34, pan=0.2)
    s.drum("drums", v.hat(0.04), "x.ox x.ox x.ox x.ox", 0.22, pan=0.3)
    s.drum("drums", v.tom(150), ".... .... ..x. x...", 0.35, pan=-0.5, bars=(3, 7))
    s.place("drums", v.cymbal(), 0, 0.3, 0.3)


def save_point_picnic(s: Score) -> None:
    """Chiptune: a melody, its echo, an arpeggio that pretends to be a chord, and a triangle."""
    s.bus("lead", 0.62, 0.1)
    s.bus("echo", 0.2, 0.1)
    s.bus("chords", 0.27, 0.05)
    s.bus("bass", 0.62, 0.0, duck=0.2)
    s.bus("drums", 0.6, 0.02)
    tune = (
        "G5:.5 E5:.25 G5:.25 C6:1 B5:.5 A5:.5 G5:1 F5:.5 A5:.5 C6:.5 A5:.5 G5:1 E5:1 "
        "A5:.5 F5:.25 A5:.25 D6:1 C6:.5 A5:.5 B5:1 G5:.5 A5:.25 B5:.25 C6:.5 D6:.5 E6:2 "
        "E6:.5 C6:.25 E6:.25 G6:1 F6:.5 E6:.5 D6:1 C6:.5 A5:.5 F6:.5 E6:.5 D6:.5 C6:.5 B5:1 "
        "C6:.25 D6:.25 E6:.5 C6:.5 A5:.5 F5:.5 A5:.5 C6:.5 F6:.5 E6:1 C6:.5 G5:.5 C6:1.5 _:.5"
    )
    s.melody("lead", v.pulse, tune, loud=0.9, tight=0.8)
    s.melody("echo", functools.partial(v.pulse, width=0.125), tune, beat=0.75, loud=0.8, pan=0.5, tight=0.6)
    for bar, chord in enumerate(("C", "F", "Dm", "G7", "C", "Am7", "F", "C")):
        notes = [pitch + 12 for pitch in voicing(chord, 58)]
        for step in range(16):
            s.note(
                "chords",
                functools.partial(v.pulse, width=0.5),
                bar * 4 + step / 4,
                notes[step % len(notes)],
                0.2,
                0.8,
                -0.5,
            )
        for step, jump in enumerate((0, 0, 12, 0, 7, 0, 12, 7)):
            s.note("bass", v.chip_bass, bar * 4 + step / 2, root_of(chord, 36) + jump, 0.4, 0.9)
    s.kick(v.kick(220, 60, 0.12, 0.5), "x... ..x. x... ....", 0.8)
    s.drum("drums", v.snare(240, 0.1, 0.9), ".... x... .... x... .... x... .... x.xx", 0.5)
    s.drum("drums", v.hat(0.03, 8000), "x.x. x.x. x.x. x.xx", 0.28)


def commuter_hummingbird(s: Score) -> None:
    """Drum and bass: broken drums at 172, a growling bass, and chords that stay calm about it."""
    s.bus("drums", 0.9, 0.06)
    s.bus("bass", 0.75, 0.0, duck=0.5)
    s.bus("pad", 0.5, 0.4, duck=0.3)
    s.bus("tune", 0.5, 0.35)
    for bar in range(12):
        chord = ("Fm9", "Dbmaj7", "Abmaj7", "Ebadd9")[bar // 3 % 4]
        if bar % 3 == 0:
            s.strum("pad", v.pad, bar * 4, voicing(chord, 63), 11, 1.0, width=0.95)
        low, at = root_of(chord, 29), bar * 4
        for when, step, length in (
            (0, 0, 1.3),
            (1.75, 0, 0.4),
            (2.5, 7, 0.7),
            (3.5, 10 if bar % 2 else 12, 0.4),
        ):
            s.note("bass", v.reese, at + when, low + step, length, 0.9)
        notes = voicing(chord, 74)
        for step in (0, 3, 6, 9, 11, 14):
            note = notes[(step * 2 + bar) % len(notes)]
            s.note(
                "tune",
                functools.partial(v.plucked, bright=1.3),
                at + step / 4,
                note,
                0.3,
                0.8,
                -0.5 if step % 2 else 0.5,
            )
    s.kick(v.kick(190, 50, 0.2, 0.5), "x... .... ..x. .... x... .... ..x. ..o.", 1.0)
    s.drum("drums", v.snare(205, 0.2, 0.9), ".... x... .... x... .... x..o .o.. x...", 0.8)
    s.drum("drums", v.snare(235, 0.09, 0.5), ".... ...o .o.. ..o. .... ...o .... ...o", 0.4, pan=0.2)
    s.drum("drums", v.hat(0.04, 7500), "x.xo x.xo x.xo x.xx", 0.3, pan=-0.25)
    s.drum("drums", v.hat(0.25, 6000), ".... .... ..x. .... ", 0.22, pan=0.3)
    s.place("drums", v.cymbal(2.0), 0, 0.35, -0.3)
    s.place("drums", v.cymbal(1.4), 24, 0.28, 0.3)


def elevator_b4(s: Score) -> None:
    """Techno that goes down: one chord, one riff, a doorbell on every fourth bar."""
    s.bus("drums", 0.95, 0.05)
    s.bus("bass", 0.75, 0.0, duck=0.75)
    s.bus("stab", 0.5, 0.35, duck=0.4)
    s.bus("bell", 0.45, 0.5)
    s.bus("pad", 0.3, 0.4, duck=0.8)
    for bar in range(8):
        at = bar * 4
        shift = (0, 0, 0, 0, -2, -2, 3, 3)[bar]
        for step in (2, 3, 6, 7, 10, 11, 14, 15):
            cut = 500 + 260 * bar
            s.note(
                "bass",
                functools.partial(v.filter_bass, open_to=float(cut)),
                at + step / 4,
                33 + shift + (12 if step == 11 else 0),
                0.2,
                0.85,
            )
        for when in (0.75, 1.5, 2.75) if bar % 2 == 0 else (0.75, 1.5, 2.25, 3.5):
            s.strum(
                "stab",
                functools.partial(v.saw_lead, open_to=1200.0 + 300 * bar),
                at + when,
                [p + shift for p in (57, 60, 64, 67)],
                0.16,
                0.9,
            )
        if bar % 2 == 0:
            s.strum("pad", v.pad, at, [p + shift for p in (57, 64, 69, 72)], 7, 0.9, width=0.9)
    for bar in (3, 7):
        s.melody("bell", v.celesta, "E6:.75 C6:2", beat=bar * 4 + 1, loud=0.9)
    s.kick(v.kick(180, 47, 0.3, 0.4), "x... x... x... x...", 1.0)
    s.drum("drums", v.clap(), ".... x... .... x...", 0.55)
    s.drum("drums", v.hat(0.16, 7500), "..x. ..x. ..x. ..x.", 0.36, pan=0.15)
    s.drum("drums", v.hat(0.03, 9000), "xoxo xoxo xoxo xoxo", 0.2, pan=-0.3)
    s.drum("drums", v.block(640), "...x ..x. .... .x..", 0.3, pan=0.5)
    s.drum("drums", v.tom(95), ".... .... .... .xx.", 0.4, pan=-0.3, bars=(3, 7))


def tidepool_getaway(s: Score) -> None:
    """Surf: a twelve-bar chase in E minor with a wet guitar and no brakes."""
    s.bus("drums", 0.8, 0.12)
    s.bus("bass", 0.75, 0.03)
    s.bus("rhythm", 0.4, 0.3)
    s.bus("lead", 0.72, 0.45)
    for bar, chord in enumerate(("Em", "Em", "Em", "Em", "Am", "Am", "Em", "Em", "B7", "Am", "Em", "B7")):
        at, low = bar * 4, root_of(chord, 33)
        for step, jump in enumerate((0, 0, 3 if "m" in chord else 4, 0, 7, 7, 10, 7)):
            s.note("bass", v.round_bass, at + step / 2, low + jump, 0.42, 0.85)
        for when in (0.5, 1.5, 2.5, 3.5):
            s.strum(
                "rhythm",
                functools.partial(v.plucked, bright=1.4),
                at + when,
                voicing(chord, 59),
                0.22,
                0.9,
                spread=0.02,
            )
    s.melody(
        "lead",
        v.surf_guitar,
        "E4:.5 E4:.5 F#4:.5 G4:.5 B4:1 A4:1 G4:.5 F#4:.5 E4:1 D#4:1 E4:1 "
        "E5:.5 D5:.5 B4:.5 G4:.5 A4:1 B4:1 E4:.25 E4:.25 E4:.25 E4:.25 E4:1 _:2 "
        "A4:.5 A4:.5 B4:.5 C5:.5 E5:1 D5:1 C5:.5 B4:.5 A4:1 G#4:1 A4:1 "
        "B4:.5 B4:.5 D5:.5 E5:.5 G5:1 F#5:1 E5:.5 D5:.5 B4:1 G4:1 E4:1 "
        "D#5:.5 F#5:.5 B5:1 A5:.5 F#5:.5 D#5:1 C5:.5 E5:.5 A5:1 G5:.5 E5:.5 C5:1 "
        "B4:.25 B4:.25 B4:.25 B4:.25 D5:.5 E5:1.5 G5:1 F#5:.5 D#5:.5 B4:.5 A4:.5 F#4:.5 D#4:.5 B3:1",
        loud=0.9,
        tight=0.85,
    )
    s.kick(v.kick(130, 52, 0.24, 0.4), "x... ..x. x... ....", 0.85)
    s.drum("drums", v.snare(200, 0.18, 0.7), ".... x.x. .... x...", 0.6)
    s.drum("drums", v.tom(140), ".... .... .... ..xx", 0.5, pan=-0.3, bars=(3, 7, 11))
    s.drum("drums", v.hat(0.12, 5500), "x.x. x.x. x.x. x.x.", 0.26, pan=0.3)
    s.place("drums", v.cymbal(1.8), 0, 0.35, 0.2)
    s.place("drums", v.cymbal(1.2), 16, 0.3, -0.2)


def announcing_nothing(s: Score) -> None:
    """A fanfare for small occasions: it builds, it builds, and a duck call takes the last bar."""
    s.bus("brass", 0.75, 0.3)
    s.bus("low", 0.75, 0.15)
    s.bus("drums", 0.75, 0.2)
    s.bus("joke", 0.6, 0.15)
    calls = (
        "C5:.5 C5:.25 C5:.25 G5:1.5 E5:.5 C5:1",
        "F5:.5 F5:.25 F5:.25 A5:1.5 F5:.5 C5:1",
        "D5:.5 D5:.25 D5:.25 G5:1 A5:.5 B5:.5 D6:1",
        "C6:1 B5:.5 A5:.5 G5:.5 F5:.5 E5:.5 D5:.5",
        "C5:.5 E5:.25 G5:.25 C6:.5 E6:.5 D6:1 G5:1",
    )
    harmony = ("C", "F", "G", "Am", "C")
    for bar, (call, chord) in enumerate(zip(calls, harmony, strict=True)):
        s.melody("brass", v.brass, call, beat=bar * 4, loud=0.9, pan=0.1)
        for when, length in ((0, 0.8), (1, 1.4), (2.5, 0.4), (3, 0.8)):
            s.strum(
                "brass",
                functools.partial(v.brass, soft=1.7),
                bar * 4 + when,
                voicing(chord, 62),
                length,
                0.85,
                width=0.8,
            )
        for step in range(4):
            s.note("low", v.tuba, bar * 4 + step, root_of(chord, 33) + (7 if step % 2 else 0), 0.6, 0.9)
    s.strum("brass", v.brass, 20, (60, 64, 67, 72, 76), 1.3, 1.1)
    s.note("low", v.tuba, 20, 36, 1.3, 1.0)
    for when, note, length in ((22, "F3", 0.22), (22.5, "F3", 0.22), (23, "B2", 0.7)):
        s.note("joke", functools.partial(v.saw_lead, open_to=900.0), when, pitch_of(note), length, 1.1)
        s.place("joke", v.block(500), when, 0.4)
    s.drum("drums", v.snare(180, 0.16, 0.7), "x.oo x.oo x.oo xxxx", 0.42, bars=range(5))
    s.drum("drums", v.tom(64), "X... .... x... ....", 0.9, bars=range(5))
    s.drum("drums", v.snare(180, 0.12, 0.6), "oooo oooo xxxx XXXX", 0.35, pan=0.2, bars=(4,))
    s.place("drums", v.cymbal(2.2), 20, 0.7, 0.1)
    s.place("drums", v.cymbal(1.4), 0, 0.4, -0.2)
    s.place("drums", v.tom(64), 20, 1.0)
