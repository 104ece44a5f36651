"""What is served: the weather in a cup, dumplings in a sauna, a potato at rest."""

from __future__ import annotations

import math

from reelm.entrypoints.demo.beat import Beat, Draw, Painted, scene
from reelm.entrypoints.demo.easing import (
    back,
    bounce,
    elastic,
    hit,
    mix,
    noise,
    span,
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
    limb,
    sign,
    smile,
    star,
)
from reelm.entrypoints.demo.stage import Stage
from reelm.entrypoints.demo.type import has_han


@scene("tea-forecast", "tea", bars=4)
def tea_forecast(beat: Beat) -> Draw:
    """The weather, read from the leaves, mostly tea."""
    han = has_han()
    days = (
        (0, "今日天气:茶" if han else "Today: tea", "Today: tea", "sun"),
        (4, "明日:龙井转多云" if han else "Tomorrow: tea", "Tomorrow: cloudy, with leaves", "cloud"),
        (8, "周末:小雨,大杯" if han else "Weekend: more tea", "Weekend: small rain, large cup", "rain"),
        (12, "预报到此,水开了" if han else "The kettle boils", "That's all. The kettle boils.", "kettle"),
    )

    def paint(stage: Stage) -> None:
        stage.fill("#e9f5db", "#cfe1b9", "#a3b18a")
        for layer, (base, tint) in enumerate(((560, "#b5c99a"), (620, "#97a97c"), (680, "#718355"))):
            hills(stage, base, 34, 60 + layer * 22, layer * 90, tint)
        stage.box(270, 850, 560, 240, "#87986a")
        stage.box(270, 734, 560, 12, "#b5c99a")

    def cup(stage: Stage, now: float) -> None:
        stage.ellipse(270, 716, 150, 22, "#5a6b42", 0.5)
        stage.blob([(150, 560), (390, 560), (372, 640), (330, 706), (210, 706), (168, 640)], "#fdfcf7")
        stage.ellipse(270, 562, 121, 30, "#e8e4d4")
        stage.ellipse(270, 566, 110, 24, "#b5793a")
        stage.curve([(176, 640), (220, 664), (270, 648), (320, 668), (364, 640)], 5, "#3a6ea5")
        eyes(stage, 270, 616, 17, 70, look=(0.5 * wave(now, 8), -0.6), lids=blinking(now))
        smile(stage, 270, 646, 30, 0.8)
        cheeks(stage, 270, 640, 130, 12)

    def leaf(stage: Stage, x: float, y: float, turn: float, size: float = 1.0) -> None:
        with stage.at(x, y, turn=turn, size=size):
            stage.blob([(-34, 0), (-6, -13), (34, 0), (-6, 13)], "#386641")
            stage.line([(-34, 0), (26, 0)], 2.5, "#a7c957")

    ground = Painted(paint)

    def draw(stage: Stage, now: float) -> None:
        ground(stage)
        start, head, line, kind = max((day for day in days if day[0] <= now), key=lambda day: day[0])
        puff = span(now, start - (2 if start == 0 else 0), start + 0.8, elastic)
        for steam in range(5):
            age = (now / 4 + steam / 5) % 1
            stage.circle(
                270 + 50 * math.sin(age * 5 + steam * 2),
                540 - age * 120,
                12 + age * 22,
                "#ffffff",
                0.5 * (1 - age),
            )
        with stage.at(270, 390 + 5 * wave(now, 4), size=puff):
            if kind == "sun":
                star(stage, 0, 0, 92, "#ffb703", now * 10, 12, 0.72)
                stage.circle(0, 0, 62, "#ffd166")
                dots(stage, 0, -6, 6, 40, blinking(now, 5))
                smile(stage, 0, 12, 34, 1)
            elif kind in ("cloud", "rain"):
                cloud(stage, 0, 0, 72, "#ffffff")
                dots(stage, 0, -2, 6, 40, blinking(now, 5))
                smile(stage, 0, 14, 24, 0.4 if kind == "rain" else 0.8)
                for drop in range(7):
                    fall = (now * 0.9 + noise(drop)) % 1
                    if kind == "rain":
                        stage.ellipse(-72 + drop * 24, 40 + fall * 110, 5, 11, "#4f9dc4", 1 - fall)
                    elif drop < 4:
                        leaf(
                            stage,
                            -66 + drop * 44 + 12 * math.sin(fall * 9),
                            40 + fall * 110,
                            fall * 200,
                            0.55,
                        )
            else:
                stage.blob([(-80, 50), (-70, -40), (0, -70), (70, -40), (80, 50), (0, 62)], "#c1440e")
                stage.curve([(66, 10), (110, -10), (124, -50)], 20, "#c1440e")
                stage.arc(0, -50, 58, 200, 340, 10, INK)
                stage.circle(0, -72, 10, INK)
                dots(stage, 0, -6, 7, 44)
                gasp(stage, 0, 18, 20 + 6 * hit(now, 0.5), 16 + 8 * hit(now, 0.5))
        cup(stage, now)
        for number in range(3):
            angle = now * 0.5 + number * 2.1
            leaf(stage, 270 + math.cos(angle) * 74, 564 + math.sin(angle) * 12, number * 60 + now * 14, 0.5)
        grown = span(now, start - (2 if start == 0 else 0), start + 0.5, back)
        sign(stage, 160, head, 54, "#283618", grown=grown)
        if han:
            sign(stage, 226, line, 31, "#4f6030", grown=grown)

    return draw


def hills(stage: Stage, base: float, height: float, period: float, shift: float, tint: str) -> None:
    """Terraces of tea: hills with rows on them."""
    tops = [(float(x), base - height * math.sin((x + shift) / period)) for x in range(-10, 560, 15)]
    stage.poly([(-10, 970), *tops, (560, 970)], tint)
    for row in range(1, 4):
        stage.line([(x, y + row * 16) for x, y in tops], 3, "#5f7346", 0.45, caps=False)


@scene("dumpling-sauna", "tea", bars=3, first_bar=1)
def dumpling_sauna(beat: Beat) -> Draw:
    """Three dumplings in a sauna, one of whom is a steamed bun in disguise."""

    def dumpling(stage: Stage, now: float, seed: float, hat: bool, worried: bool) -> None:
        breathe = 0.03 * wave(now, 4, seed)
        with stage.at(0, 0, wide=1 + breathe, tall=1 - breathe):
            if hat:
                stage.circle(0, -46, 62, "#fffdf5")
                for fold in range(-2, 3):
                    stage.curve([(fold * 5, -108), (fold * 16, -92), (fold * 26, -74)], 3, "#e0d6c0")
                stage.circle(0, -108, 7, "#e0d6c0")
            else:
                stage.blob(
                    [(-80, 0), (-74, -44), (-30, -84), (30, -84), (74, -44), (80, 0), (0, 14)], "#fffaf0"
                )
                stage.curve(
                    [(-74, -44), (-44, -66), (-30, -88), (0, -78), (30, -88), (44, -66), (74, -44)],
                    7,
                    "#efe2c6",
                )
            if worried:
                eyes(stage, 0, -38, 12, 44, look=(wave(now, 1.3), 0.1))
                smile(stage, 0, -12, 20, -0.5)
                stage.ellipse(56, -62 + (now * 20) % 24, 5, 8, "#8ecae6")
            else:
                dots(stage, 0, -36, 6, 44, 0.0 if seed < 2 else blinking(now, seed))
                smile(stage, 0, -18, 22, 0.9)
            cheeks(stage, 0, -22, 84, 10)

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#7f1d1d", "#b23a2e", "#e07a3f")
        for ray in range(12):
            angle = math.radians(ray * 30 + now * 4)
            stage.poly(
                [
                    (270, 520),
                    (270 + math.cos(angle) * 800, 520 + math.sin(angle) * 800),
                    (270 + math.cos(angle + 0.24) * 800, 520 + math.sin(angle + 0.24) * 800),
                ],
                "#ffd28a",
                0.1,
            )
        stage.ellipse(270, 640, 232, 70, "#6f4518")
        stage.ellipse(270, 628, 222, 62, "#c9964f")
        for slat in range(-4, 5):
            stage.line(
                [
                    (270 + slat * 48, 628 - 56 * math.sqrt(max(0, 1 - (slat / 4.6) ** 2))),
                    (270 + slat * 48, 628 + 56 * math.sqrt(max(0, 1 - (slat / 4.6) ** 2))),
                ],
                3,
                "#a9773a",
            )
        caught = now > 8
        for number, (x, y) in enumerate(((150, 628), (390, 628), (270, 660))):
            with stage.at(x, y - (10 * hit(now, 2) if number == 2 and caught else 0)):
                dumpling(stage, now, number + (0 if not caught else 2), number == 2, number == 2 and now > 4)
        stage.blob([(38, 650), (50, 740), (270, 790), (490, 740), (502, 650), (270, 716)], "#b98343")
        for band in (0, 1):
            stage.curve(
                [(44 + band * 6, 690 + band * 36), (270, 752 + band * 30), (496 - band * 6, 690 + band * 36)],
                5,
                "#8a5a24",
            )
        open_ = span(now, -1.5, 1.2, back)
        with stage.at(270, 596 - 240 * open_, turn=-14 * open_):
            stage.blob([(-226, 20), (-190, -60), (0, -96), (190, -60), (226, 20), (0, 58)], "#c9964f")
            stage.curve([(-200, 0), (0, -46), (200, 0)], 4, "#a9773a")
            stage.curve([(-212, 22), (0, 8), (212, 22)], 6, "#8a5a24")
            stage.box(0, -92, 56, 20, "#8a5a24", corner=10)
        for steam in range(7):
            age = (now / 5 + steam / 7) % 1
            stage.circle(
                80 + steam * 64 + 18 * math.sin(age * 5),
                600 - age * 260,
                14 + 26 * age,
                "#ffffff",
                0.35 * (1 - age),
            )
        if 1.5 < now < 8:
            bubble(
                stage,
                150,
                470,
                "饺子?" if has_han() else "Dumpling?",
                40,
                (150, 550),
                span(now, 1.5, 2, back),
            )
        if 4 < now < 8:
            bubble(
                stage,
                370,
                470,
                "……饺子。" if has_han() else "…dumpling.",
                40,
                (290, 560),
                span(now, 4, 4.5, back),
            )
        if caught:
            bubble(
                stage,
                270,
                470,
                "我是包子!" if has_han() else "I AM A BUN!",
                54,
                (270, 548),
                span(now, 8, 8.6, elastic),
            )

    return draw


@scene("potato-yoga", "ambient", bars=2)
def potato_yoga(beat: Beat) -> Draw:
    """Breathe in. Breathe out. Become soup."""
    poses = ((0, "Mountain spud"), (2, "Tree spud"), (4, "Warrior spud"), (6, "Mash"))

    def paint(stage: Stage) -> None:
        stage.fill("#fbe7c6", "#f4acb7", "#9d8189")
        stage.circle(270, 400, 190, "#ffd6a5", 0.8)
        stage.ellipse(270, 700, 210, 34, "#6d597a")
        stage.ellipse(270, 694, 204, 30, "#b56576")

    studio = Painted(paint)

    def draw(stage: Stage, now: float) -> None:
        studio(stage)
        for ring in range(3):
            age = (now / 4 + ring / 3) % 1
            stage.ring(270, 400, 190 + age * 140, 4, "#fff8ea", 0.6 * (1 - age))
        start, pose = max(line for line in poses if line[0] <= now)
        ease = span(now, start, start + 0.8, elastic)
        breath = 0.03 * wave(now, 2)
        if pose == "Mash":
            melt = span(now, 6, 6.5, bounce)
            with stage.at(270, 690, wide=1 + 0.15 * melt, tall=1 + 0.1 * melt):
                stage.blob([(-150, 0), (-120, -70), (-50, -110), (40, -96), (120, -66), (150, 0)], "#f2d49b")
                for dent in range(6):
                    stage.curve(
                        [
                            (-90 + dent * 36, -40 - 10 * (dent % 2)),
                            (-76 + dent * 36, -54),
                            (-60 + dent * 36, -40),
                        ],
                        6,
                        "#dcb676",
                    )
                stage.box(20, -112, 50, 24, "#ffe066", corner=6)
                dots(stage, 0, -60, 8, 60, 0.0)
                smile(stage, 0, -34, 34, 1)
        else:
            lean = {"Warrior spud": 6, "Tree spud": -3}.get(pose, 0) * ease
            with stage.at(270, 690 - 90, turn=lean + 1.5 * wave(now, 2), wide=1 - breath, tall=1 + breath):
                if pose == "Tree spud":
                    limb(stage, (10, 20), (6, 90), 0, 13, "#8a6134")
                    limb(stage, (30, 10), (10, 48), -44, 13, "#8a6134")
                elif pose == "Warrior spud":
                    limb(stage, (-30, 10), (-150 * ease, 84), 10, 13, "#8a6134")
                    limb(stage, (30, 10), (120 * ease, 84), -44, 13, "#8a6134")
                else:
                    limb(stage, (-26, 10), (-26, 90), 0, 13, "#8a6134")
                    limb(stage, (26, 10), (26, 90), 0, 13, "#8a6134")
                hands = {"Mountain spud": (0, -330), "Tree spud": (0, -340), "Warrior spud": (220, -150)}[
                    pose
                ]
                for side in (-1, 1):
                    tip = (side * max(10, hands[0] * ease), mix(-100, hands[1], ease))
                    limb(stage, (side * 84, -130), tip, side * (44 if hands[0] == 0 else 0), 13, "#8a6134")
                stage.blob(
                    [(-84, 10), (-104, -110), (-66, -230), (20, -256), (92, -200), (98, -80), (70, 20)],
                    "#c99a5b",
                )
                for spot in range(7):
                    stage.ellipse(-56 + noise(spot) * 120, -200 + noise(spot * 4) * 180, 6, 4, "#9b713c")
                dots(stage, 0, -140, 8, 64, 0.0)
                smile(stage, 0, -112, 34, 0.9)
                cheeks(stage, 0, -118, 120, 13)
                stage.box(4, -196, 176, 20, "#e56b6f", corner=9, turn=-3)
        sign(
            stage,
            170,
            pose,
            64 if pose == "Mash" else 54,
            "#6d3b47",
            grown=span(now, start - (1 if start == 0 else 0), start + 0.4, back),
        )
        sign(stage, 232, "inspirez…" if now % 2 < 1 else "expirez…", 34, "#8d5a68")

    return draw
