"""Letters in trouble: too close together, too tired, or going in circles."""

from __future__ import annotations

import math

from reelm.entrypoints.demo.beat import Beat, Draw, scene
from reelm.entrypoints.demo.easing import (
    back,
    bounce,
    clamp,
    elastic,
    hit,
    mix,
    span,
    wave,
)
from reelm.entrypoints.demo.puppets import (
    INK,
    blinking,
    cheeks,
    dots,
    eyes,
    limb,
    sign,
    smile,
)
from reelm.entrypoints.demo.stage import Stage


@scene("tired-sentence", "lofi", bars=3)
def tired_sentence(beat: Beat) -> Draw:
    """A sentence that is doing its best on a Monday."""
    words = ("This", "sentence", "is", "doing", "its", "best.")
    places = ((160, 262), (262, 380), (116, 498), (318, 498), (130, 616), (322, 616))
    tints = ("#264653", "#2a9d8f", "#e76f51", "#264653", "#f4a261", "#e76f51")

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#fefae0", "#faedcd")
        stage.box(270, 700, 420, 8, "#d4a373", corner=4)
        for number, (word, (x, y), tint) in enumerate(zip(words, places, tints, strict=True)):
            bedtime = 4 + number * 0.6
            tip = span(now, bedtime, bedtime + 1.6, bounce)
            wake = span(now, 10 + number * 0.12, 10.5 + number * 0.12, elastic)
            lean = (26 if number % 2 else -22) * tip * (1 - wake)
            breath = 1 + 0.04 * wave(now, 3, number * 0.2) * tip
            hop = 30 * math.sin(math.pi * clamp((now - 10 - number * 0.12) / 0.7))
            with stage.at(
                x,
                y + 26 * tip * (1 - wake) - hop,
                turn=lean,
                tall=breath,
                size=1 + 0.04 * hit(now, 2) * (1 - tip),
            ):
                stage.text(0, 0, word, 84, tint)
                wide = stage.width_of(word, 84)
                lids = 0.0 if tip > 0.4 and wake < 0.3 else blinking(now, number)
                eyes(stage, 0, -54, 13, 30, look=(0, 0.4), lids=lids)
                for side in (-1, 1):
                    stage.line(
                        [(side * wide * 0.25, 46), (side * wide * 0.25 + 4 * wave(now, 2, number * 0.3), 66)],
                        6,
                        tint,
                    )
            if tip > 0.8 and wake < 0.1:
                age = (now / 3 + number * 0.3) % 1
                stage.text(x + 60 + 30 * age, y - 30 - 70 * age, "z", 24 + 24 * age, tint, alpha=1 - age)
        with stage.at(458, 652, size=span(now, 7, 7.8, back)):
            stage.arc(34, -4, 18, -90, 90, 8, "#bc6c25")
            stage.box(0, 0, 66, 72, "#bc6c25", corner=12)
            dots(stage, 0, -4, 5, 26)
            smile(stage, 0, 12, 20, 1)
            for steam in (-12, 12):
                stage.curve([(steam, -46), (steam + 6 * wave(now, 2), -64), (steam, -84)], 5, "#d4a373", 0.7)
        sign(
            stage,
            145,
            "8:59" if now < 4 else "9:01" if now < 10 else "café.",
            46,
            "#bc6c25",
            grown=span(now, 10, 10.4, back) if now >= 10 else 1,
        )

    return draw


@scene("bad-kerning", "techno", bars=4, first_bar=2)
def bad_kerning(beat: Beat) -> Draw:
    """Letters that stand too close, and one that needs space."""
    word = "KERNING"

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#f5f5f0")
        stage.box(270, 700, 560, 8, "#e63946")
        stage.box(60, 480, 8, 900, "#e63946", alpha=0.25)
        phase = int(now / 4) % 4
        local = now % 4
        gaps = ((1.0,) * 7, (1, 1, 0.35, 0.35, 1, 1, 1), (1, 0.3, 1, 1, 2.1, 0.3, 1), (1.0,) * 7)[phase]
        before = ((1.0,) * 7, (1.0,) * 7, (1, 1, 0.35, 0.35, 1, 1, 1), (1, 0.3, 1, 1, 2.1, 0.3, 1))[phase]
        ease = span(local, 0, 0.8, elastic)
        at = [0.0]
        for old, new in zip(before, gaps, strict=True):
            at.append(at[-1] + mix(old, new, ease))
        width = at[-2]
        for index, glyph in enumerate(word):
            x = 270 + (at[index] - width / 2) * 64
            hop = 18 * hit(now) if index % 2 == int(now) % 2 else 0
            with stage.at(x, 470 - hop):
                stage.text(0, 0, glyph, 118, "#111111" if glyph != "N" or phase != 2 else "#e63946")
                dots(stage, 0, -68, 5, 18, blinking(now, index), "#111111")
                for side in (-1, 1):
                    limb(stage, (side * 14, 52), (side * 16, 84 + hop), side * 4, 5, "#111111")
        talk = (
            ("Personal space matters.", 36),
            ("“Keming.”", 78),
            ("K ERNI   NG is fine too", 36),
            ("Designers, breathe.", 44),
        )
        words, size = talk[phase]
        sign(stage, 190, words, size, "#111111", grown=span(local, 0, 0.4, back) if now > 0.4 else 1)
        stage.text(270, 640, "fig. " + str(phase + 1), 30, "#e63946", "mono")

    return draw


@scene("loop-notice", "chip", bars=5, first_bar=3)
def loop_notice(beat: Beat) -> Draw:
    """A clip that knows it is a loop and would like to talk about it."""
    lines = (
        "This clip loops.",
        "I know,",
        "because I have been here before.",
        "There was a duck.",
        "There. Duck.",
        "See you in 1 second!",
    )

    def draw(stage: Stage, now: float) -> None:
        hue = int(now / 4) % 5
        stage.fill(
            *(
                ("#3a0ca3", "#7209b7"),
                ("#f72585", "#b5179e"),
                ("#4361ee", "#4cc9f0"),
                ("#06d6a0", "#118ab2"),
                ("#3a0ca3", "#7209b7"),
            )[hue]
        )
        for ring in range(7):
            radius = ((ring / 7 + now / beat.beats * 3) % 1) * 420
            stage.ring(270, 470, 30 + radius, 10, "#ffffff", 0.16 * (1 - radius / 420))
        angle = now / beat.beats * 2 * math.pi - math.pi / 2
        stage.ring(270, 470, 170, 16, "#ffffff", 0.25)
        stage.arc(270, 470, 170, -90, math.degrees(angle), 16, "#ffd166")
        with stage.at(
            270 + math.cos(angle) * 170,
            470 + math.sin(angle) * 170 - 8 * hit(now),
            turn=math.degrees(angle) + 90,
        ):
            stage.circle(0, 0, 52, "#ffffff")
            eyes(stage, 8, -8, 14, 36, look=(0.8, 0), lids=blinking(now))
            smile(stage, 8, 18, 28, 0.8)
            cheeks(stage, 8, 12, 64, 8)
        index = min(int(now / beat.beats * 6), 5)
        start = index * beat.beats / 6
        words = lines[index]
        sign(
            stage,
            190,
            words,
            30 if len(words) > 22 else 50,
            "#ffffff",
            grown=span(now, start - (1 if index == 0 else 0), start + 0.5, back),
        )
        if 3 <= index <= 4:
            walk = span(now, beat.beats * 3 / 6, beat.beats * 5 / 6, lambda x: x)
            with stage.at(-60 + walk * 660, 690 - 8 * abs(wave(now, 1)), turn=6 * wave(now, 1)):
                stage.blob(
                    [(-44, 0), (-52, -34), (-14, -28), (26, -38), (46, -12), (36, 14), (-24, 16)], "#ffd60a"
                )
                stage.circle(26, -48, 25, "#ffd60a")
                stage.poly([(46, -54), (72, -46), (46, -38)], "#f77f00")
                stage.circle(31, -56, 4.5, INK)

    return draw
