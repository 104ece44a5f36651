"""Animals with jobs, records and video calls."""

from __future__ import annotations

import math

from reelm.entrypoints.demo.beat import Beat, Draw, Painted, scene
from reelm.entrypoints.demo.easing import back, elastic, heavy, hit, keys, mix, noise, smooth, span, swift, wave
from reelm.entrypoints.demo.puppets import (
    INK, blinking, bubble, cheeks, cloud, dots, eyes, gasp, heart, hills, limb, sign, smile, star,
)  # fmt: skip
from reelm.entrypoints.demo.stage import Stage


def snail(stage: Stage, x: float, y: float, size: float, now: float, effort: float) -> None:
    """A snail facing right whose shell is its pride; `effort` 0 to 1 makes it sweat."""
    stretch = 1 + 0.06 * wave(now, 1.0) * (0.4 + effort)
    with stage.at(x, y, size=size, wide=stretch, tall=2 - stretch):
        stage.blob([(-120, 0), (-60, -22), (40, -26), (80, -60), (120, -66), (128, -20), (110, 0), (0, 6)], "#f6c177")
        stage.circle(-10, -66, 66, "#d6604d")
        for turn, radius in enumerate((50, 35, 21)):
            stage.arc(-10, -66, radius, 40 + turn * 90, 330 + turn * 90, 9, "#a63d40" if turn % 2 else "#f4d6a0")
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
                stage.ellipse(130 + drop * 9 + fall * 14, -120 + fall * 40 - drop * 8, 4, 6, "#8ecae6", 1 - fall)


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
        for start, word in words:
            if start <= now < start + 2:
                grown = span(now, start, start + 0.5, back)
                stage.text(270, 260, word, 190 * grown, "#ffffff", turn=-6)
        lines = [(8, "HE'S OFF!"), (11, "WHAT A START!"), (14, "THE CROWD IS ON ITS FEET"), (17.5, "0.003 KM/H")]
        for index, (start, line) in enumerate(lines):
            stop = lines[index + 1][0] if index < 3 else 99
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


@scene("pigeon-dj", "disco", bars=5)
def pigeon_dj(beat: Beat) -> Draw:
    """A pigeon on the decks drops the bread."""

    def paint(stage: Stage) -> None:
        stage.fill("#1b1035", "#41206b", "#e0559a")
        for x in range(0, 560, 60):
            tall = 120 + 150 * noise(x)
            stage.box(x + 20, 860 - tall / 2, 66, tall + 400, "#150b2b")
            for window in range(24):
                if noise(x + window * 3.3) > 0.62:
                    stage.box(x + 8 + window % 2 * 24, 690 - tall + window // 2 * 26, 10, 12, "#ffce6b", alpha=0.7)

    town = Painted(paint)

    def ball(stage: Stage, now: float) -> None:
        stage.line([(270, 60), (270, 150)], 3, "#d8d4e8")
        for ray in range(7):
            angle = math.radians(now * 14 + ray * 51)
            tint = ("#ff5d8f", "#ffd166", "#06d6a0", "#4cc9f0")[ray % 4]
            tip = (270 + math.cos(angle) * 700, 205 + math.sin(angle) * 700)
            side = (math.sin(angle) * 60, -math.cos(angle) * 60)
            stage.poly([(270, 205), (tip[0] + side[0], tip[1] + side[1]), (tip[0] - side[0], tip[1] - side[1])],
                       tint, 0.10 + 0.13 * hit(now))  # fmt: skip
        stage.circle(270, 205, 58, "#8f8ba8")
        for row in range(-3, 4):
            reach = math.sqrt(58**2 - (row * 16) ** 2)
            for column in range(-4, 5):
                x = math.sin(math.radians(column * 22 + (now * 12) % 22)) * reach
                bright = noise(row * 11 + column * 5 + int(now * 2))
                stage.box(270 + x, 205 + row * 16, 13, 13, "#ffffff", corner=2, alpha=0.15 + 0.8 * bright)

    def bird(stage: Stage, now: float) -> None:
        peck = hit(now, decay=5)
        lean = wave(now, 4) * 5
        with stage.at(270, 560, turn=lean):
            stage.blob([(-120, 90), (-105, -20), (-50, -80), (50, -80), (105, -20), (120, 90)], "#7d8ca3")
            stage.blob([(-60, -20), (0, -60), (60, -20), (44, 60), (-44, 60)], "#9fb0c8")
            with stage.at(peck * 20, -110 + peck * 26, turn=peck * 7):
                stage.box(0, 34, 74, 96, "#5e6f8c", corner=36)
                stage.box(0, 44, 70, 16, "#3fb68b", corner=8, alpha=0.9)
                stage.box(0, 58, 74, 12, "#b06ab3", corner=6, alpha=0.9)
                stage.circle(0, -14, 50, "#8494ad")
                eyes(stage, 0, -22, 18, 56, look=(wave(now, 8) * 0.6, 0.4), lids=blinking(now), white="#ff9f43")
                stage.poly([(-13, 0), (13, 0), (0, 34)], "#f2e8cf")
                stage.arc(0, -16, 60, 185, 355, 11, "#ef476f")
                for side in (-1, 1):
                    stage.box(side * 58, -8, 22, 44, "#ef476f", corner=9)
            for side in (-1, 1):
                push = hit(now, 1, 5, 0.5 if side > 0 else 0)
                limb(stage, (side * 96, 10), (side * (120 - 26 * push), 104), side * 26, 30, "#6b7a92")

    def draw(stage: Stage, now: float) -> None:
        town(stage)
        ball(stage, now)
        drop = now >= 12
        if drop:
            sign(stage, 340, "DROP THE BREAD", 52, "#1b1035", "#ffd166", span(now, 12, 12.6, elastic), -4)
        elif now >= 4:
            sign(stage, 340, "coo." if now < 6 else "coo. coo." if now < 8 else "wait for it…", 48, "#ffffff",
                 grown=span(now, int(now / 2) * 2, int(now / 2) * 2 + 0.4, back))  # fmt: skip
        bird(stage, now)
        stage.box(270, 700, 420, 110, "#241640", corner=18)
        stage.box(270, 656, 420, 16, "#3c2768", corner=8)
        for side in (-1, 1):
            stage.circle(270 + side * 118, 704, 44, "#0e0820")
            for groove in (38, 30, 22):
                stage.ring(270 + side * 118, 704, groove, 1.5, "#3c2768")
            stage.circle(270 + side * 118, 704, 14, "#ffd166")
            angle = now * 2.2 * side
            stage.circle(270 + side * 118 + math.cos(angle) * 34, 704 + math.sin(angle) * 34, 4, "#ffffff")
        for bar, level in enumerate((*beat.level(now), *beat.level(now))):
            stage.box(235 + bar * 14, 736 - level * 32, 9, 8 + level * 64, ("#06d6a0", "#ffd166", "#ef476f")[bar % 3], corner=3)
        if drop:
            for slice_ in range(13):
                fall = ((now - 12) * 150 + noise(slice_) * 700) % 900 - 60
                x = 30 + slice_ * 40 + 14 * math.sin(now * 3 + slice_)
                stage.box(x, fall, 36, 34, "#c98a4b", corner=9, turn=now * 70 + slice_ * 30)
                stage.box(x, fall, 27, 25, "#f4d8a8", corner=7, turn=now * 70 + slice_ * 30)

    return draw


@scene("octopus-drummer", "dnb", bars=6)
def octopus_drummer(beat: Beat) -> Draw:
    """Seven arms at 172 beats a minute. The eighth holds the tea."""
    kit = [(70, 560, 50, "#ffb703"), (160, 640, 54, "#fb8500"), (270, 690, 66, "#e63946"), (380, 640, 54, "#219ebc"), (470, 560, 50, "#ffb703")]  # fmt: skip
    beats = [(1, 0), (2, 1), (1, 0.5), (2, 0.75), (0.5, 0.25)]

    def paint(stage: Stage) -> None:
        stage.fill("#03263f", "#045a7c", "#0a8fa5")
        for ray in range(5):
            stage.poly([(60 + ray * 120, -10), (110 + ray * 120, -10), (ray * 150 - 60, 960), (ray * 150 - 190, 960)], "#8fe3e8", 0.06)
        hills(stage, 800, 20, 60, 10, "#e2c48d")

    sea = Painted(paint)

    def draw(stage: Stage, now: float) -> None:
        sea(stage)
        for bubble_ in range(14):
            rise = (now * 22 * (0.6 + noise(bubble_)) + noise(bubble_ * 5) * 900) % 900
            stage.ring(noise(bubble_ * 9) * 540 + 8 * math.sin(now + bubble_), 900 - rise, 5 + 8 * noise(bubble_ * 2), 2.5, "#c8f4f6", 0.6)
        sway = wave(now, 8) * 6
        with stage.at(270 + sway, 400, wide=1 + 0.03 * hit(now), tall=1 - 0.03 * hit(now)):
            for arm, ((x, y, _, _), (every, shift)) in enumerate(zip(kit, beats, strict=True)):
                strike = hit(now, every, 7, shift)
                tip = (x - 270, y - 400 - 88 * (1 - strike))
                side = -1 if arm < 2 else 1
                limb(stage, (side * 40 + (arm - 2) * 14, 90), tip, side * -44, 27, "#b5446e")
                stage.line([tip, (x - 270, tip[1] + 50 * strike + 20)], 6, "#f2d0a4")
            for side in (-1, 1):
                limb(stage, (side * 60, 70), (side * 170, 20 + 20 * wave(now, 2, side * 0.25)), side * -50, 27, "#b5446e")
                star(stage, side * 178, 6 + 20 * wave(now, 2, side * 0.25), 22, "#ffd166", now * 40)
            stage.blob([(-100, 80), (-112, -30), (-60, -120), (60, -120), (112, -30), (100, 80), (0, 110)], "#d1587f")
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
                    stage.curve([(steam, -36), (steam + 6 * wave(now, 4), -54), (steam, -74)], 4, "#ffffff", 0.5)
        for (x, y, radius, tint), (every, shift) in zip(kit, beats, strict=True):
            strike = hit(now, every, 7, shift)
            stage.box(x, y + radius * 0.55, radius * 1.7, radius * 1.1, tint, corner=10)
            stage.ellipse(x, y + 5 * strike, radius, radius * 0.32, "#fff8ea")
            stage.ellipse(x, y + 5 * strike, radius * (0.3 + 0.6 * strike), radius * 0.25 * strike + 1, "#ffd166", 0.6 * strike)
        if now < 12:
            sign(stage, 160, "7 arms: drums", 54, "#ffffff", grown=span(now, -1, 0.6, back))
        else:
            sign(stage, 160, "1 arm: tea", 60, "#ffd166", grown=span(now, 12, 12.8, elastic))

    return draw


@scene("goldfish-meeting", "bossa", bars=5)
def goldfish_meeting(beat: Beat) -> Draw:
    """Four fish in a video call, three seconds of memory between them."""
    talk = [(0, 0, "Hello everyone!"), (4, 3, "You're on mute."), (7, 1, "Where are we?"), (10, 2, "In a meeting."),
            (13, 1, "Oh nice. With whom?"), (16.5, 0, "Hello everyone!")]  # fmt: skip
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
                stage.curve([(x - 90 + weed * 16, y + 96), (x - 84 + weed * 16 + 6 * wave(now, 6, weed * 0.3), y + 50), (x - 92 + weed * 16, y + 14 + weed * 16)], 7, "#52976c")  # fmt: skip
            with stage.at(x, y):
                fish(stage, now, tint, tile * 0.7, loud and tile != 0 or (tile == 0 and loud))
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
        bubble(stage, place, y - 80 if tile > 1 else y - 76, words, 30, (x + 40, y - 14), span(now, start, start + 0.5, back))
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
            sign(stage, 250, line, 54, "#fff8ea", "#c1121f", span(now, 15.2 if done else 13, 15.8 if done else 13.6, elastic), -2)
            walk = span(now, 13.2, 15.2, swift)
            ant(stage, mix(-60, 105 + 5 * 66, walk), 740 - 96 * walk, now * 2, "?")

    return draw


@scene("heron-lodger", "tea", bars=3)
def heron_lodger(beat: Beat) -> Draw:
    """A heron stands on one leg so well that a frog moves in."""

    def paint(stage: Stage) -> None:
        stage.fill("#f6efe0", "#dbe7dd", "#9fc3b7")
        stage.circle(436, 400, 72, "#e76f51", 0.85)
        for layer, (base, tint) in enumerate(((430, "#bcd2c4"), (480, "#8fb3a3"), (530, "#6a9384"))):
            hills(stage, base, 40, 74 + layer * 16, layer * 130, tint)
        stage.box(270, 800, 560, 400, "#7fb0a6")
        for reed in range(9):
            x = 24 + reed * 8 + (420 if reed > 4 else 0)
            stage.curve([(x, 780), (x + 8, 650), (x - 6 + 12 * noise(reed), 560 + 50 * noise(reed * 2))], 5, "#4b7f52")

    pond = Painted(paint)

    def draw(stage: Stage, now: float) -> None:
        pond(stage)
        for ring in range(3):
            age = (now / 4 + ring / 3) % 1
            stage.ellipse(250, 724, 30 + age * 150, 6 + age * 22, "#e9f5ee", 0.35 * (1 - age))
        tilt = 2.5 * wave(now, 4)
        with stage.at(250, 720, turn=tilt):
            stage.line([(0, 0), (0, -190)], 9, "#e09f3e")
            stage.curve([(26, -190), (62, -130), (8, -110)], 8, "#e09f3e")
            stage.blob([(-110, -190), (-40, -270), (60, -260), (88, -200), (30, -160), (-50, -160)], "#f8f9fa")
            stage.blob([(-128, -176), (-60, -240), (40, -220), (-20, -172)], "#6c8ea4")
            stage.curve([(66, -230), (110, -320), (60, -380), (86, -440)], 22, "#f8f9fa")
            stage.circle(90, -446, 25, "#f8f9fa")
            stage.curve([(76, -462), (40, -476), (10, -462)], 7, INK)
            stage.poly([(108, -456), (196, -440), (108, -430)], "#f4a259")
            stage.circle(98, -450, 6, INK) if blinking(now) > 0.3 else stage.line([(90, -450), (106, -450)], 4, INK)
            arrive = span(now, 3.5, 4.2, swift)
            if arrive > 0:
                up = math.sin(math.pi * arrive) * 60
                with stage.at(mix(-220, -20, arrive), mix(-40, -272, arrive) - up, size=0.8, tall=1 + 0.08 * hit(now)):
                    stage.ellipse(0, 0, 46, 34, "#70a83b")
                    stage.circle(-22, -28, 17, "#70a83b")
                    stage.circle(22, -28, 17, "#70a83b")
                    eyes(stage, 0, -30, 12, 44, look=(0.5, 0), lids=blinking(now, 3))
                    smile(stage, 0, -2, 44, 0.8, 4)
                    if now > 8:
                        stage.box(0, -66, 70, 10, "#a0522d", corner=4)
                        stage.poly([(-40, -68), (40, -68), (0, -108)], "#c1440e")
        if 1 < now < 4.5:
            sign(stage, 150, "一动不动。" , 60, "#264653", grown=span(now, 1, 1.6, back))
            sign(stage, 215, "Do not move.", 34, "#264653", grown=span(now, 1.3, 1.9, back))
        elif 5 < now < 8:
            sign(stage, 150, "有人搬进来了。", 54, "#264653", grown=span(now, 5, 5.6, back))
            sign(stage, 215, "Someone has moved in.", 34, "#264653", grown=span(now, 5.3, 5.9, back))
        elif now > 8.4:
            sign(stage, 150, "房租:一只苍蝇", 54, "#c1440e", grown=span(now, 8.4, 9, back))
            sign(stage, 215, "Rent: one fly a month.", 34, "#264653", grown=span(now, 8.7, 9.3, back))

    return draw


@scene("two-penguins", "waltz", bars=8)
def two_penguins(beat: Beat) -> Draw:
    """A waltz on an ice floe that is only just large enough."""

    def paint(stage: Stage) -> None:
        stage.fill("#0b1d51", "#274690", "#7cc6fe")
        for ribbon, tint in enumerate(("#52ffb8", "#7ee8fa", "#b28dff")):
            for x in range(0, 540, 6):
                y = 200 + ribbon * 40 + 30 * math.sin(x / 70 + ribbon * 2)
                stage.line([(x, y), (x, y + 110)], 6, tint, 0.07, caps=False)
        for spark in range(50):
            stage.circle(noise(spark) * 540, noise(spark * 3) * 380, 1 + 1.6 * noise(spark * 7), "#ffffff", 0.9)

    night = Painted(paint)

    def penguin(stage: Stage, lean: float, now: float, bow: str, seed: float) -> None:
        with stage.at(0, 0, turn=lean):
            for side in (-1, 1):
                stage.ellipse(side * 22, 4, 20, 8, "#ffb703")
            stage.ellipse(0, -80, 58, 88, "#1d2438")
            stage.ellipse(0, -62, 42, 66, "#fdfdfd")
            stage.ellipse(0, -128, 38, 34, "#fdfdfd")
            stage.blob([(-46, -120), (-34, -168), (34, -168), (46, -120), (0, -146)], "#1d2438")
            dots(stage, 0, -126, 6, 34, lids=blinking(now, seed))
            stage.poly([(-11, -114), (11, -114), (0, -98)], "#ffb703")
            cheeks(stage, 0, -110, 58, 9)
            stage.poly([(0, -86), (-22, -98), (-22, -74)], bow)
            stage.poly([(0, -86), (22, -98), (22, -74)], bow)

    def draw(stage: Stage, now: float) -> None:
        night(stage)
        tilt = 4 * math.sin(now / 3 * math.pi)
        swing = wave(now, 6)
        stage.box(270, 830, 560, 320, "#123a7a")
        for row in range(6):
            stage.curve([(x, 700 + row * 36 + 6 * wave(now, 3, x / 200 + row * 0.3)) for x in range(-20, 600, 60)], 3, "#9bd7ff", 0.35)
        with stage.at(270, 690, turn=tilt):
            stage.blob([(-190, 0), (-150, -22), (150, -22), (190, 0), (120, 46), (-100, 50)], "#d8f3ff")
            stage.blob([(-190, -4), (-150, -26), (150, -26), (190, -4), (0, 12)], "#ffffff")
            for side in (-1, 1):
                with stage.at(side * (58 + 14 * wave(now, 3)) + swing * 60, -22, wide=side * math.copysign((0.72 + 0.28 * abs(math.cos(now * math.pi / 12))), 1)):
                    penguin(stage, 5 * wave(now, 3, 0.25 * side), now, "#ef476f" if side > 0 else "#ffd166", side)
        for note in range(4):
            age = (now / 6 + note / 4) % 1
            with stage.at(130 + note * 90 + 20 * math.sin(age * 6 + note), 470 - age * 230, size=0.8):
                stage.ellipse(0, 0, 13, 10, "#ffffff", 1 - age, turn=-20)
                stage.line([(11, 0), (11, -44)], 4, "#ffffff", 1 - age)
        if now < 12:
            sign(stage, 160, "« Vous dansez ? »", 50, "#ffffff", grown=span(now, -1, 1, back))
        elif now < 24:
            sign(stage, 160, "« Doucement, ça fond. »", 44, "#ffffff", grown=span(now, 12, 13, back))
        if now > 18:
            heart(stage, 270, 430 - 6 * hit(now, 3), 40 * span(now, 18, 19, elastic), "#ef476f")

    return draw
