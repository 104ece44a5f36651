"""Typography with a sense of humour, in English, French and Chinese."""

from __future__ import annotations

import math

from reelm.entrypoints.demo.beat import Beat, Draw, scene
from reelm.entrypoints.demo.easing import (
    back,
    bounce,
    clamp,
    elastic,
    hit,
    keys,
    mix,
    smooth,
    span,
    swift,
    wave,
)
from reelm.entrypoints.demo.puppets import (
    INK,
    blinking,
    bubble,
    dots,
    eyes,
    hills,
    sign,
    smile,
    star,
)
from reelm.entrypoints.demo.stage import Stage


@scene("lost-accents", "bossa", bars=4, first_bar=1)
def lost_accents(beat: Beat) -> Draw:
    """The accents leave for the south, and summer turns into an East."""
    lines = ("ou est", "l'ete ?")
    marks = ((152, 0, -1), (0, 0, 0))
    spots = ((0, 1, "`"), (1, 2, "´"), (1, 4, "´"))

    def letter_x(stage: Stage, line: str, index: int, size: float) -> float:
        left = 270 - stage.width_of(line, size) / 2
        return left + stage.width_of(line[:index], size) + stage.width_of(line[index], size) / 2

    def accent(stage: Stage, x: float, y: float, kind: str, flap: float, bird: bool) -> None:
        slope = -1 if kind == "`" else 1
        with stage.at(x, y):
            if bird:
                stage.curve([(-34, -18 * flap), (-14, -8), (0, 4), (14, -8), (34, -18 * flap)], 11, "#e63946")
                stage.poly([(0, -2), (18, 2), (0, 10)], "#ffb703")
            else:
                stage.line([(-14, 9 * slope), (14, -9 * slope)], 15, "#e63946")

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#fdf0d5", "#f9dfae")
        stage.circle(462, 158, 56, "#ffb703", 0.9)
        hills(stage, 690, 24, 80, 10, "#e9b872")
        hills(stage, 740, 18, 60, 80, "#c98f4e")
        size = 132
        for row, line in enumerate(lines):
            for index, glyph in enumerate(line):
                shiver = 3 * wave(now, 0.5, index * 0.2) if 4 < now < 12 else 0
                stage.text(letter_x(stage, line, index, size), 440 + row * 160 + shiver, glyph, size, INK)
        for number, (row, index, kind) in enumerate(spots):
            base = (letter_x(stage, lines[row], index, size), 440 + row * 160 - 62)
            leave = span(now, 3 + number * 0.5, 6.5 + number * 0.5, smooth)
            come = span(now, 11 + number * 0.5, 13.5 + number * 0.4, smooth)
            away = leave * (1 - come)
            lift = (
                base[0] + (420 - number * 40) * away - 60 * math.sin(away * 6),
                base[1] - (base[1] - 150 - number * 46) * min(1, away * 1.3),
            )
            accent(stage, lift[0], lift[1], kind, math.sin(now * 9 + number), away > 0.03)
        if now < 3:
            sign(stage, 250, "Tout va bien.", 42, "#9c6644", x=200)
        elif now < 7:
            sign(stage, 250, "Hé ! Mes accents !", 42, "#e63946", grown=span(now, 3, 3.6, back), x=230)
        elif now < 11:
            sign(stage, 210, "Ils passent l'hiver", 42, "#9c6644", grown=span(now, 7, 7.6, back), x=230)
            sign(stage, 264, "au Sénégal.", 42, "#9c6644", grown=span(now, 7.4, 8, back), x=230)
        elif now > 13.5:
            sign(stage, 250, "Te voilà, été.", 48, "#e63946", grown=span(now, 13.5, 14.1, elastic), x=230)
        _ = marks

    return draw


@scene("wood-forest", "marimba", bars=5, needs_han=True)
def wood_forest(beat: Beat) -> Draw:
    """木, 林, 森: one tree, two trees, a forest, and the one thing the forest lacks."""

    def tree(
        stage: Stage, x: float, y: float, size: float, now: float, seed: float, tint: str, smiling: float
    ) -> None:
        sway = 3 * wave(now, 4, seed)
        with stage.at(x, y, turn=sway, size=size):
            stage.text(0, -60, "木", 200, tint, "serif")
            if smiling > 0:
                eyes(
                    stage,
                    0,
                    -84,
                    17 * smiling,
                    42,
                    look=(0.4 * wave(now, 6, seed), 0.3),
                    lids=blinking(now, seed),
                )
                for leaf in range(5):
                    star(
                        stage,
                        -70 + leaf * 35,
                        -112 + 14 * wave(leaf, 3),
                        15 * smiling,
                        "#70a83b",
                        now * 14 + leaf * 40,
                        5,
                        0.6,
                    )

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#fffdf2", "#eaf4d3", "#c7dfa4")
        hills(stage, 690, 16, 90, 0, "#a3c47a")
        hills(stage, 730, 12, 60, 60, "#84a95b")
        one, two, three = span(now, -2, 0.6, elastic), span(now, 5, 5.8, elastic), span(now, 9, 9.8, elastic)
        apart = span(now, 4.6, 5.4)
        up = span(now, 8.6, 9.6)
        if three > 0:
            tree(stage, 270, 430 + 40 * (1 - up), 0.8 * three, now, 3, "#2d4a22", three)
        tree(
            stage,
            mix(270, 160, apart),
            mix(610, 650, apart),
            mix(1.5, 0.95, apart) * one,
            now,
            1,
            "#3a5a40",
            one,
        )
        if two > 0:
            tree(stage, 390, 650, 0.95 * two, now, 2, "#4b6b3a", two)
        heads = (
            (0, "木", "mù: a tree"),
            (5, "林", "lín: a wood"),
            (9, "森", "sēn: a forest"),
            (13.5, "森林里", "deep in the forest"),
            (16, "没有WiFi", "there is no WiFi"),
        )
        start, glyph, gloss = max(head for head in heads if head[0] <= now)
        grown = span(now, start - (2 if start == 0 else 0), start + 0.6, back)
        sign(stage, 140, glyph, 84 if len(glyph) < 3 else 66, "#bc4749", grown=grown)
        sign(stage, 208, gloss, 34, "#6a7b4f", grown=grown)
        if now > 16:
            for tree_ in range(3):
                x, y = ((160, 560), (390, 560), (270, 360))[tree_]
                bubble(
                    stage,
                    x + (60 if tree_ != 1 else -60),
                    y - 56,
                    ("哦。", "嗯?", "啊!")[tree_],
                    30,
                    (x, y),
                    span(now, 16.4 + tree_ * 0.6, 17 + tree_ * 0.6, elastic),
                )
            lift = 16 * hit(now, 2)
            for arc in range(3):
                stage.arc(
                    440,
                    330 - lift,
                    18 + arc * 18,
                    225,
                    315,
                    8,
                    "#bc4749",
                    0.9 if int(now * 2) % 4 >= arc else 0.2,
                )
            stage.line([(410, 372 - lift), (470, 300 - lift)], 7, INK)

    return draw


@scene("caterpillar-loading", "marimba", bars=5)
def caterpillar_loading(beat: Beat) -> Draw:
    """A progress bar that stops at 99 %, for a good reason."""

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#e0fbfc", "#c2dfe3", "#9db4c0")
        stage.box(270, 870, 560, 260, "#5c6b73")
        percent = keys(now, [(0, 8), (8, 99), (15, 99), (15.6, 100)], smooth)
        stage.text(270, 230, f"{percent:.0f} %", 130, "#253237")
        lines = ((0, "Loading…"), (8.4, "Almost…"), (10.5, "…shh."), (15.5, "Update installed."))
        start, words = max(line for line in lines if line[0] <= now)
        sign(
            stage,
            330,
            words,
            46,
            "#5c6b73",
            grown=span(now, start - (1 if start == 0 else 0), start + 0.5, back),
        )
        stage.box(270, 520, 452, 92, "#ffffff", corner=46)
        stage.box(270, 520, 436, 76, "#dbe7ea", corner=38)
        if now < 9:
            segments = 1 + percent / 99 * 9
            crawl = wave(now, 1.0)
            for segment in range(int(segments)):
                x = 92 + segment * 38 + 5 * wave(now, 1.0, segment * 0.12)
                y = 520 - max(0, 10 * wave(now, 1.0, segment * 0.14))
                stage.circle(x, y, 32, "#83c5be" if segment % 2 else "#6ab04c")
                for foot in (-9, 9):
                    stage.circle(x + foot, y + 31, 5, "#253237")
            head = 92 + int(segments) * 38 + 5 * crawl
            stage.circle(head, 514, 37, "#7ac74f")
            eyes(stage, head + 4, 508, 11, 28, look=(0.8, 0), lids=blinking(now))
            smile(stage, head + 6, 526, 20, 0.9)
            for side in (-10, 14):
                stage.curve(
                    [(head + side, 482), (head + side * 1.4, 464), (head + side * 2, 454)], 5, "#253237"
                )
                stage.circle(head + side * 2, 454, 6, "#e63946")
        elif now < 15.4:
            wrap = span(now, 9, 10, bounce)
            nudge = 7 * wave(now, 0.35) * span(now, 13, 15)
            with stage.at(
                452 + nudge - 182 * span(now, 9, 10), 520, turn=4 * wave(now, 2), size=0.6 + 0.5 * wrap
            ):
                stage.ellipse(0, 0, 92, 54, "#d9b382")
                for band in range(-3, 4):
                    stage.arc(band * 24, 0, 52 - abs(band) * 5, 100, 260, 5, "#b58b57")
                dots(stage, 44, -6, 5, 24, 0.0)
            for letter in range(3):
                age = (now / 3 + letter / 3) % 1
                stage.text(
                    330 + age * 70 + 10 * math.sin(age * 8),
                    470 - age * 90,
                    "z",
                    26 + age * 26,
                    "#5c6b73",
                    alpha=1 - age,
                )
        else:
            fly = span(now, 15.4, 20, smooth)
            x, y = 270 + 90 * math.sin(fly * 5), mix(560, 530, fly) - 30 * math.sin(fly * 4)
            flap = abs(math.cos(now * 5)) * 0.75 + 0.25
            with stage.at(x, y, turn=10 * wave(now, 3), size=span(now, 15.4, 16.2, elastic) * 1.25):
                for side in (-1, 1):
                    stage.blob(
                        [
                            (0, -10),
                            (side * 60 * flap, -96),
                            (side * 130 * flap, -76),
                            (side * 112 * flap, -10),
                            (side * 20, 0),
                        ],
                        "#ff7b54",
                    )
                    stage.blob(
                        [(0, 4), (side * 92 * flap, 10), (side * 84 * flap, 70), (side * 34 * flap, 84)],
                        "#ffb26b",
                    )
                    stage.circle(side * 84 * flap, -58, 15 * flap + 3, "#ffd56f")
                    stage.circle(side * 58 * flap, 42, 10 * flap + 2, "#939b62")
                stage.box(0, 0, 24, 112, "#253237", corner=12)
                stage.circle(0, -60, 24, "#7ac74f")
                dots(stage, 0, -62, 4.5, 20, blinking(now))
                smile(stage, 0, -52, 16, 1, 3)
            for piece in range(26):
                age = (now - 15.4) / 4.6
                angle = piece * 2.4
                stage.box(
                    270 + math.cos(angle) * 300 * swift(clamp(age)),
                    500 + math.sin(angle) * 260 * swift(clamp(age)) + 80 * age,
                    10,
                    10,
                    ("#ff7b54", "#ffd56f", "#83c5be")[piece % 3],
                    corner=3,
                    turn=now * 90 + piece * 20,
                    alpha=clamp(1.4 - age),
                )

    return draw
