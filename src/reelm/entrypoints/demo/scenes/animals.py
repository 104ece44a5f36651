"""Animals with jobs, records and video calls."""

from __future__ import annotations

import math

from reelm.entrypoints.demo.beat import Beat, Draw, Painted, scene
from reelm.entrypoints.demo.easing import (
    back,
    elastic,
    heavy,
    hit,
    keys,
    mix,
    noise,
    smooth,
    span,
    swift,
    wave,
)
from reelm.entrypoints.demo.puppets import (
    INK,
    blinking,
    bubble,
    cheeks,
    cloud,
    dots,
    eyes,
    gasp,
    hills,
    limb,
    sign,
    smile,
    star,
)
from reelm.entrypoints.demo.stage import Stage


def snail(stage: Stage, x: float, y: float, size: float, now: float, effort: float) -> None:
    """A snail facing right whose shell is its pride; `effort` 0 to 1 makes it sweat."""
    stretch = 1 + 0.06 * wave(now, 1.0) * (0.4 + effort)
    with stage.at(x, y, size=size, wide=stretch, tall=2 - stretch):
        stage.blob(
            [(-120, 0), (-60, -22), (40, -26), (80, -60), (120, -66), (128, -20), (110, 0), (0, 6)], "#f6c177"
        )
        stage.circle(-10, -66, 66, "#d6604d")
        for turn, radius in enumerate((50, 35, 21)):
            stage.arc(
                -10, -66, radius, 40 + turn * 90, 330 + turn * 90, 9, "#a63d40" if turn % 2 else "#f4d6a0"
            )
        stage.circle(-10, -66, 9, "#f4d6a0")
        stage.line([(92, -58), (86, -104)], 7, "#f6c177")
        stage.line([(116, -60), (124, -106)], 7, "#f6c177")
        eyes(stage, 105, -110, 17, 40, look=(0.8, 0.1), lids=blinking(now))
        stage.line([(84, -130), (100, -124 + 4 * effort)], 4, INK)
        stage.line([(112, -124 + 4 * effort), (128, -130)], 4, INK)
        smile(stage, 112, -38, 22, 1 - 1.6 * effort, 4)
        stage.box(104, -72, 58, 10, "#3d5a80", corner=4, turn=-4)
        for drop in range(3):
            fall = (now * 1.5 + drop / 3) % 1
            if effort > 0.3:
                stage.ellipse(
                    130 + drop * 9 + fall * 14, -120 + fall * 40 - drop * 8, 4, 6, "#8ecae6", 1 - fall
                )


@scene("snail-race", "surf", bars=6)
def snail_race(beat: Beat) -> Draw:
    """Three, two, one: the hare is gone, the snail has begun, and the commentator loses all restraint."""

    def paint(stage: Stage) -> None:
        stage.fill("#ffd6a5", "#ffadad", "#ff8fab")
        stage.circle(400, 250, 74, "#fff1d0", 0.9)
        hills(stage, 500, 26, 70, 40, "#9ad1b4")
        hills(stage, 550, 18, 90, 120, "#76b995")
        stage.box(270, 730, 560, 320, "#c9765b")
        for lane in range(3):
            stage.line([(-10, 600 + lane * 90), (560, 600 + lane * 90)], 4, "#f7e1d3")
        for row in range(12):
            stage.box(88 + row % 2 * 14, 585 + row * 16, 14, 16, "#ffffff")
            stage.box(102 - row % 2 * 14, 585 + row * 16, 14, 16, INK)

    ground = Painted(paint)

    def draw(stage: Stage, now: float) -> None:
        ground(stage)
        shake = hit(now, decay=6) * 3 if now > 6 else 0
        gone = span(now, 6, 6.7, heavy)
        if gone < 1:
            with stage.at(330 + gone * 600, 540 - 12 * hit(now), turn=gone * 12, size=0.9):
                stage.blob([(-60, 20), (-40, -50), (40, -50), (70, 20)], "#f1e9e4")
                for side in (0, 22):
                    stage.ellipse(30 + side, -104, 11, 46, "#f1e9e4", turn=10 + side)
                stage.circle(46, -48, 34, "#f1e9e4")
                eyes(stage, 54, -54, 11, 24, look=(0.9, 0))
                stage.circle(-64, 0, 15, "#ffffff")
        elif now < 9:
            for puff in range(5):
                age = span(now, 6.4 + puff * 0.15, 8.4 + puff * 0.2, swift)
                stage.circle(320 + puff * 42, 546 - age * 30, 10 + age * 30, "#fff8ea", 0.8 * (1 - age))
        crawl = keys(now, [(6, 0), (24, 46)], swift)
        snail(stage, 170 + crawl, 690 + shake * 0.4, 1.05, now, span(now, 6, 8))
        words = [(0, "3"), (2, "2"), (4, "1"), (6, "GO!")]
        for at, word in words:
            if at <= now < at + 2:
                grown = span(now, at, at + 0.5, back)
                stage.text(270, 260, word, 190 * grown, "#ffffff", turn=-6)
        lines = [
            (8.0, "HE'S OFF!"),
            (11.0, "WHAT A START!"),
            (14.0, "THE CROWD IS ON ITS FEET"),
            (17.5, "0.003 KM/H"),
        ]
        for index, (start, line) in enumerate(lines):
            stop = lines[index + 1][0] if index < 3 else beat.beats + 1
            if start <= now < stop:
                big = 72 if index == 3 else 44 if len(line) < 18 else 34
                sign(stage, 200, line, big, "#fff8ea", "#d62839", span(now, start, start + 0.6, back), -3)
        if now > 18.5:
            sign(stage, 305, "PERSONAL BEST", 46, INK, "#ffd166", span(now, 18.5, 19.2, elastic), 3)
            for piece in range(46):
                fall = (now - 18.5) * 90 * (0.6 + noise(piece)) + noise(piece * 3) * 400 - 300
                tint = ("#ffd166", "#06d6a0", "#118ab2", "#ef476f", "#ffffff")[piece % 5]
                stage.box(noise(piece * 7) * 540, 60 + fall % 760, 9, 16, tint, turn=now * 80 + piece * 40)

    return draw


@scene("octopus-drummer", "dnb", bars=6)
def octopus_drummer(beat: Beat) -> Draw:
    """Seven arms at 172 beats a minute. The eighth holds the tea."""
    kit = [
        (70, 560, 50, "#ffb703"),
        (160, 640, 54, "#fb8500"),
        (270, 690, 66, "#e63946"),
        (380, 640, 54, "#219ebc"),
        (470, 560, 50, "#ffb703"),
    ]
    beats = [(1, 0), (2, 1), (1, 0.5), (2, 0.75), (0.5, 0.25)]

    def paint(stage: Stage) -> None:
        stage.fill("#03263f", "#045a7c", "#0a8fa5")
        for ray in range(5):
            stage.poly(
                [
                    (60 + ray * 120, -10),
                    (110 + ray * 120, -10),
                    (ray * 150 - 60, 960),
                    (ray * 150 - 190, 960),
                ],
                "#8fe3e8",
                0.06,
            )
        hills(stage, 800, 20, 60, 10, "#e2c48d")

    sea = Painted(paint)

    def draw(stage: Stage, now: float) -> None:
        sea(stage)
        for bubble_ in range(14):
            rise = (now * 22 * (0.6 + noise(bubble_)) + noise(bubble_ * 5) * 900) % 900
            stage.ring(
                noise(bubble_ * 9) * 540 + 8 * math.sin(now + bubble_),
                900 - rise,
                5 + 8 * noise(bubble_ * 2),
                2.5,
                "#c8f4f6",
                0.6,
            )
        sway = wave(now, 8) * 6
        with stage.at(270 + sway, 400, wide=1 + 0.03 * hit(now), tall=1 - 0.03 * hit(now)):
            for arm, ((x, y, _, _), (every, shift)) in enumerate(zip(kit, beats, strict=True)):
                strike = hit(now, every, 7, shift)
                tip = (x - 270, y - 400 - 88 * (1 - strike))
                side = -1 if arm < 2 else 1
                limb(stage, (side * 40 + (arm - 2) * 14, 90), tip, side * -44, 27, "#b5446e")
                stage.line([tip, (x - 270, tip[1] + 50 * strike + 20)], 6, "#f2d0a4")
            for side in (-1, 1):
                limb(
                    stage,
                    (side * 60, 70),
                    (side * 170, 20 + 20 * wave(now, 2, side * 0.25)),
                    side * -50,
                    27,
                    "#b5446e",
                )
                star(stage, side * 178, 6 + 20 * wave(now, 2, side * 0.25), 22, "#ffd166", now * 40)
            stage.blob(
                [(-100, 80), (-112, -30), (-60, -120), (60, -120), (112, -30), (100, 80), (0, 110)], "#d1587f"
            )
            stage.ellipse(-46, -84, 26, 16, "#e889a8", turn=-30)
            eyes(stage, 0, 0, 31, 84, look=(0.7 * wave(now, 8), -0.2), lids=blinking(now))
            smile(stage, 0, 46, 44, 0.9, 5)
            cheeks(stage, 0, 36, 150, 14)
            limb(stage, (84, 50), (150, -112), -46, 27, "#b5446e")
            with stage.at(158, -140):
                stage.arc(30, 2, 14, -90, 90, 6, "#ffffff")
                stage.poly([(-32, -24), (32, -24), (22, 26), (-22, 26)], "#ffffff")
                stage.ellipse(0, -24, 32, 8, "#a4622f")
                for steam in (-10, 10):
                    stage.curve(
                        [(steam, -36), (steam + 6 * wave(now, 4), -54), (steam, -74)], 4, "#ffffff", 0.5
                    )
        for (x, y, radius, tint), (every, shift) in zip(kit, beats, strict=True):
            strike = hit(now, every, 7, shift)
            stage.box(x, y + radius * 0.55, radius * 1.7, radius * 1.1, tint, corner=10)
            stage.ellipse(x, y + 5 * strike, radius, radius * 0.32, "#fff8ea")
            stage.ellipse(
                x,
                y + 5 * strike,
                radius * (0.3 + 0.6 * strike),
                radius * 0.25 * strike + 1,
                "#ffd166",
                0.6 * strike,
            )
        if now < 12:
            sign(stage, 160, "7 arms: drums", 54, "#ffffff", grown=span(now, -1, 0.6, back))
        else:
            sign(stage, 160, "1 arm: tea", 60, "#ffd166", grown=span(now, 12, 12.8, elastic))

    return draw


@scene("goldfish-meeting", "bossa", bars=5)
def goldfish_meeting(beat: Beat) -> Draw:
    """Four fish in a video call, three seconds of memory between them."""
    talk = [
        (0, 0, "Hello everyone!"),
        (4, 3, "You're on mute."),
        (7, 1, "Where are we?"),
        (10, 2, "In a meeting."),
        (13, 1, "Oh nice. With whom?"),
        (16.5, 0, "Hello everyone!"),
    ]
    tints = (("#ff8c42", "#8ecae6"), ("#f25c54", "#b8e0d2"), ("#f7b267", "#c9cba3"), ("#9d8df1", "#ffe1a8"))

    def fish(stage: Stage, now: float, tint: str, seed: float, loud: bool) -> None:
        with stage.at(8 * wave(now, 6, seed), 10 + 6 * wave(now, 4, seed * 2), turn=4 * wave(now, 5, seed)):
            flap = 12 * wave(now, 1.0, seed)
            stage.poly([(-54, 0), (-104, -36 + flap), (-96, 0), (-104, 36 - flap)], tint, 0.85)
            stage.poly([(-20, -40), (16, -72), (26, -38)], tint, 0.85)
            stage.ellipse(0, 0, 66, 46, tint)
            stage.ellipse(10, 14, 44, 26, "#ffffff", 0.25)
            stage.circle(30, -10, 17, "#ffffff")
            stage.ellipse(36, -8, 8, 9 * blinking(now, seed), INK)
            if loud:
                gasp(stage, 58, 12, 16, 8 + 14 * hit(now, 0.5, 5))
            else:
                smile(stage, 54, 14, 18, 0.4)

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#16232e")
        stage.text(36, 110, "Monday sync", 30, "#ffffff", anchor="l")
        stage.text(504, 110, f"00:0{int(now / 20 * 3) % 3}", 26, "#8fa3b0", "mono", anchor="r")
        speaker = max((line for line in talk if line[0] <= now), key=lambda line: line[0])
        for tile, (tint, water) in enumerate(tints):
            x, y = 146 + tile % 2 * 248, 268 + tile // 2 * 262
            loud = tile == speaker[1]
            if loud:
                stage.box(x, y, 246, 256, "#8be28b", corner=26)
            stage.box(x, y, 236, 246, water, corner=22)
            stage.box(x, y + 106, 236, 34, "#e9d8a6", corner=17)
            for weed in range(3):
                stage.curve(
                    [
                        (x - 90 + weed * 16, y + 96),
                        (x - 84 + weed * 16 + 6 * wave(now, 6, weed * 0.3), y + 50),
                        (x - 92 + weed * 16, y + 14 + weed * 16),
                    ],
                    7,
                    "#52976c",
                )
            with stage.at(x, y):
                fish(stage, now, tint, tile * 0.7, (loud and tile != 0) or (tile == 0 and loud))
            for bubble_ in range(3):
                rise = (now * 0.3 + bubble_ / 3 + tile * 0.2) % 1
                stage.ring(x + 84, y + 70 - rise * 150, 4 + bubble_ * 2, 2, "#ffffff", 0.8 * (1 - rise))
            stage.box(x - 66, y + 104, 92, 28, "#16232e", corner=8, alpha=0.75)
            stage.text(x - 66, y + 104, ("Bruno", "Flo", "Goldie", "Koi Anne")[tile], 19, "#ffffff")
        start, tile, words = speaker
        x, y = 146 + tile % 2 * 248, 268 + tile // 2 * 262
        if tile == 0 and start == 0:
            stage.circle(x + 88, y - 92, 20, "#e63946")
            stage.line([(x + 78, y - 102), (x + 98, y - 82)], 4, "#ffffff")
        place = 270 + (x - 270) * 0.25
        bubble(
            stage,
            place,
            y - 80 if tile > 1 else y - 76,
            words,
            30,
            (x + 40, y - 14),
            span(now, start, start + 0.5, back),
        )
        stage.box(270, 690, 150, 46, "#d62839", corner=23)
        stage.text(270, 690, "Leave", 25, "#ffffff")
        if now > 18.5:
            stage.text(270, 748, "(every three seconds)", 24, "#8fa3b0", alpha=span(now, 18.5, 19))

    return draw


@scene("ants-parade", "brass", bars=4, first_bar=2)
def ants_parade(beat: Beat) -> Draw:
    """A march of ants carries one very important sentence, letter by letter."""
    words = "PICNIC FOUND"

    def paint(stage: Stage) -> None:
        stage.fill("#bfe3f2", "#f7f3d7")
        stage.circle(430, 220, 60, "#fff3b0")
        cloud(stage, 120, 190, 46, "#ffffff")
        hills(stage, 490, 30, 80, 0, "#a7c957")
        hills(stage, 600, 18, 60, 90, "#8ab14f")
        hills(stage, 740, 12, 50, 40, "#6a994e")
        for blade in range(60):
            x = blade * 9.3
            stage.line([(x, 780), (x + 8 * (noise(blade) - 0.5), 730 - 24 * noise(blade * 3))], 3, "#386641")

    meadow = Painted(paint)

    def ant(stage: Stage, x: float, y: float, step: float, letter: str) -> None:
        hop = abs(math.sin(math.pi * step)) * 8
        with stage.at(x, y - hop):
            for foot in (-16, 0, 16):
                swing = math.sin(math.pi * (step + foot)) * 10
                stage.line([(foot * 0.6, 0), (foot + swing, 24 + hop)], 3.5, INK)
            stage.ellipse(-22, -2, 18, 13, "#5c2a1e")
            stage.circle(0, -4, 9, "#5c2a1e")
            stage.circle(18, -9, 12, "#5c2a1e")
            stage.curve([(22, -18), (28, -30), (36, -32)], 3, INK)
            dots(stage, 21, -11, 2.6, 9, ink="#ffffff")
            if letter.strip():
                stage.box(-4, -46, 46, 48, "#fff8ea", corner=7, turn=math.sin(math.pi * step) * 6)
                stage.text(-4, -46, letter, 38, "#c1121f", turn=math.sin(math.pi * step) * 6)

    def draw(stage: Stage, now: float) -> None:
        meadow(stage)
        if now < 13:
            sign(stage, 330, "ATTENTION", 62 + 4 * hit(now), "#c1121f")
            sign(stage, 400, "important news is arriving", 31, INK, grown=span(now, 1.5, 2.2, back))
        for index, letter in enumerate(words):
            x = now * 30 - index * 56 + 250
            row, column = divmod(index if index < 6 else index - 1, 6)
            if letter == " ":
                continue
            arrive = span(now, 11.4, 13, smooth)
            target = (105 + column * 66, 540 + row * 104)
            here = (mix(x, target[0], arrive), mix(650, target[1], arrive))
            ant(stage, here[0], here[1], now * 1 + index * 0.5, letter)
        done = now > 15.2
        if now > 13:
            line = "PICNIC FOUND?" if done else "PICNIC FOUND!"
            sign(
                stage,
                250,
                line,
                54,
                "#fff8ea",
                "#c1121f",
                span(now, 15.2 if done else 13, 15.8 if done else 13.6, elastic),
                -2,
            )
            walk = span(now, 13.2, 15.2, swift)
            ant(stage, mix(-60, 105 + 5 * 66, walk), 740 - 96 * walk, now * 2, "?")

    return draw
