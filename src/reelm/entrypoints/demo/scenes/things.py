"""Things at home: socks, a ghost in the wash, a cactus, a robot with a broom inside."""

from __future__ import annotations

import math

from reelm.entrypoints.demo.beat import Beat, Draw, Painted, scene
from reelm.entrypoints.demo.easing import (
    back,
    bounce,
    elastic,
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
    heart,
    sign,
    smile,
    star,
)
from reelm.entrypoints.demo.stage import Colour, Stage


def sock(
    stage: Stage,
    now: float,
    tint: Colour,
    stripe: Colour,
    joy: float,
    seed: float = 0.0,
    dotted: bool = False,
) -> None:
    """A sock standing on its toe, facing right."""
    stage.blob(
        [
            (-46, -190),
            (46, -190),
            (46, -70),
            (84, -40),
            (106, -6),
            (80, 14),
            (-10, 14),
            (-48, -20),
            (-48, -90),
        ],
        tint,
    )
    if dotted:
        for spot in range(7):
            stage.circle(-28 + spot % 3 * 28, -150 + spot // 3 * 56 + spot % 2 * 12, 9, stripe)
    else:
        for band in range(3):
            stage.box(-1, -150 + band * 46, 95, 17, stripe)
    stage.blob([(60, -52), (106, -14), (84, 14), (48, 14)], stripe)
    stage.box(0, -188, 104, 30, stripe, corner=12)
    eyes(stage, 4, -112, 21, 46, look=(0.6, 0), lids=blinking(now, seed))
    smile(stage, 6, -74, 30, joy)


@scene("sock-search", "waltz", bars=8)
def sock_search(beat: Beat) -> Draw:
    """A striped sock looks for its twin and finds something less matching and better."""

    def paint(stage: Stage) -> None:
        stage.fill("#ffe5d9", "#ffcad4", "#f4acb7")
        cloud(stage, 110, 330, 40, "#ffffff", 0.8)
        cloud(stage, 430, 270, 30, "#ffffff", 0.8)
        stage.curve([(-10, 380), (270, 424), (550, 380)], 4, "#9d8189")
        for number, tint in enumerate(("#84dcc6", "#a5a58d", "#95b8d1", "#edafb8")):
            x = 60 + number * 140
            y = 424 - ((x - 270) / 270) ** 2 * 42
            if number % 2:
                stage.poly(
                    [
                        (x - 44, y),
                        (x + 44, y),
                        (x + 56, y + 30),
                        (x + 36, y + 40),
                        (x + 32, y + 96),
                        (x - 32, y + 96),
                        (x - 36, y + 40),
                        (x - 56, y + 30),
                    ],
                    tint,
                )
            else:
                stage.poly(
                    [
                        (x - 36, y),
                        (x + 36, y),
                        (x + 42, y + 110),
                        (x + 6, y + 110),
                        (x, y + 40),
                        (x - 6, y + 110),
                        (x - 42, y + 110),
                    ],
                    tint,
                )
            for peg in (-30, 30):
                stage.box(x + peg, y - 2, 8, 26, "#c99a5b", corner=3)
        stage.ellipse(270, 790, 420, 110, "#cfe1b9")
        stage.box(270, 880, 560, 190, "#cfe1b9")

    yard = Painted(paint)

    def draw(stage: Stage, now: float) -> None:
        yard(stage)
        hop = abs(math.sin(math.pi * now / 1.5))
        x = keys(now, [(0, 120), (3, 150), (9, 205), (24, 205)])
        moving = now < 9
        with stage.at(
            x,
            700 - (34 * hop if moving else 8 * hit(now, 3)),
            turn=(8 * math.sin(math.pi * now / 1.5) if moving else 0),
            size=0.85,
        ):
            sock(stage, now, "#e63946", "#fff1e6", -0.6 if now < 15 else 0.9)
        arrive = span(now, 9, 11, bounce)
        if now > 9:
            lean = -14 * span(now, 18, 19, back)
            with stage.at(424, mix(120, 700, arrive) - 8 * hit(now, 3), size=0.85, turn=lean, wide=-1):
                sock(stage, now, "#3a86ff", "#ffd60a", 0.7, 2, dotted=True)
        if now < 6:
            bubble(stage, 250, 210, "Have you seen\nmy twin?", 40, (150, 500), span(now, -1, 0.8, back))
        elif now < 9:
            bubble(stage, 250, 210, "Left foot.\nVery stripy.", 40, (190, 500), span(now, 6, 6.8, back))
        elif 11 < now < 15:
            bubble(
                stage, 330, 210, "Hi. I'm Right.\nNot very stripy.", 36, (420, 500), span(now, 11, 11.8, back)
            )
        elif now >= 15:
            bubble(stage, 250, 210, "…close enough.", 46, (220, 500), span(now, 15, 15.8, back))
        if now > 18:
            for number in range(5):
                age = ((now - 18) / 6 + number / 5) % 1
                heart(
                    stage,
                    314 + 40 * math.sin(number * 2 + age * 4),
                    560 - age * 230,
                    16 + 6 * noise(number),
                    "#ef476f",
                    1 - age,
                )

    return draw


@scene("ghost-laundry", "waltz", bars=8, first_bar=8)
def ghost_laundry(beat: Beat) -> Draw:
    """A ghost is washed with the reds."""

    def ghost(stage: Stage, now: float, tint: Colour, joy: float) -> None:
        hem = [
            (110 - step * 27.5, 90 + (14 if step % 2 else -10) + 5 * math.sin(now * 3 + step))
            for step in range(9)
        ]
        stage.poly(
            [
                (-110, 90),
                (-112, -20),
                (-92, -86),
                (-50, -122),
                (0, -134),
                (50, -122),
                (92, -86),
                (112, -20),
                *hem,
            ],
            tint,
        )
        eyes(stage, 0, -34, 24, 76, look=(0, 0.6 if joy < 0 else 0), lids=blinking(now))
        smile(stage, 0, 14, 44, joy, 5)
        cheeks(stage, 0, 0, 150, 15)

    def draw(stage: Stage, now: float) -> None:
        stage.fill("#d0f4ea", "#a9def9")
        for row in range(14):
            for column in range(7):
                if (row + column) % 2:
                    stage.box(45 + column * 90, 45 + row * 74, 90, 74, "#ffffff", alpha=0.28)
        shake = 4 * wave(now, 0.31) if 4 < now < 15 else 0
        out = span(now, 15, 17, back)
        with stage.at(270 + shake, 530):
            stage.box(0, 0, 380, 420, "#fdfdff", corner=30)
            stage.box(0, -168, 380, 70, "#e3e7f1", corner=24)
            stage.circle(140, -168, 22, "#8d99ae")
            stage.line([(140, -168), (140 + 18 * math.cos(now), -168 + 18 * math.sin(now))], 5, "#ffffff")
            stage.box(-110, -168, 120, 34, "#2b2d42", corner=8)
            stage.text(-110, -169, "BOO 40°" if now < 15 else "FINI !", 24, "#7bf1a8", "mono")
            stage.circle(0, 36, 140, "#aab2c8")
            stage.circle(0, 36, 122, "#31456a")
            if out < 0.05:
                turn = keys(now, [(0, 0), (4, 0), (15, 1440)], smooth)
                with stage.at(0, 36, turn=turn):
                    with stage.at(0, 16, size=0.72):
                        ghost(
                            stage,
                            now,
                            "#ffffff"
                            if now < 6
                            else (
                                255,
                                round(mix(255, 175, span(now, 6, 14))),
                                round(mix(255, 204, span(now, 6, 14))),
                            ),
                            0.6 if now < 4 else -0.6,
                        )
                    for rag, tint in enumerate(("#e63946", "#d00000", "#ff4d6d")):
                        angle = rag * 2.1
                        stage.blob(
                            [
                                (math.cos(angle) * 90 + dx, math.sin(angle) * 90 + dy)
                                for dx, dy in ((-26, -10), (8, -26), (28, 4), (-4, 24))
                            ],
                            tint,
                        )
                for foam in range(12):
                    stage.circle(
                        -104 + foam * 19,
                        118 - 26 * math.sin(foam / 11 * math.pi) + 8 * wave(now, 1.5, foam / 5) - 10,
                        18,
                        "#ffffff",
                        0.75,
                    )
            stage.ring(0, 36, 122, 8, "#e3e7f1")
            stage.arc(0, 36, 104, 200, 240, 9, "#ffffff", 0.5)
        if out > 0:
            with stage.at(
                270, mix(560, 400, out) + 10 * wave(now, 3), size=mix(0.7, 1.15, out), turn=5 * wave(now, 6)
            ):
                ghost(stage, now, "#ffafcc", 1.0)
        if now < 15:
            sign(
                stage,
                160,
                "Séparer le blanc" if now < 7.5 else "des couleurs.",
                54,
                "#22577a",
                grown=span(now, -1 if now < 7.5 else 7.5, 0.6 if now < 7.5 else 8.2, back),
            )
            sign(stage, 226, "Keep the whites" if now < 7.5 else "away from the reds.", 32, "#38a3a5")
        else:
            sign(stage, 160, "Bouh rose.", 72, "#d6336c", grown=span(now, 15, 16, elastic))

    return draw


@scene("cactus-hug", "lofi", bars=3)
def cactus_hug(beat: Beat) -> Draw:
    """A cactus wants a hug. Everyone is polite about it, until the hedgehog."""

    def paint(stage: Stage) -> None:
        stage.fill("#2d3047", "#754f6f", "#f2a07b")
        stage.circle(270, 560, 150, "#ffd9a0")
        for spark in range(36):
            stage.circle(noise(spark * 2) * 540, noise(spark * 5) * 340, 1.5, "#ffffff", 0.8)
        hills(stage, 640, 20, "#8d5b4c")
        hills(stage, 700, 12, "#5f3f46")

    def hills(stage: Stage, base: float, height: float, tint: str) -> None:
        stage.poly(
            [
                (-10, 970),
                *((float(x), base - height * math.sin(x / 64 + base)) for x in range(-10, 560, 16)),
                (560, 970),
            ],
            tint,
        )

    desert = Painted(paint)

    def draw(stage: Stage, now: float) -> None:
        desert(stage)
        hug = span(now, 9, 10, back)
        with stage.at(210, 700, tall=1 + 0.02 * wave(now, 2)):
            stage.box(0, -150, 110, 300, "#5a9367", corner=54)
            for side in (-1, 1):
                raise_ = -40 * wave(now, 4) if not hug else 20
                stage.curve(
                    [(side * 40, -150), (side * 104, -150), (side * 112, -230 + raise_ * 0.4)], 44, "#5a9367"
                )
            for rib in (-28, 0, 28):
                stage.line([(rib, -270 + abs(rib)), (rib, -20)], 4, "#44734f")
            for spike in range(16):
                x, y = -48 + noise(spike) * 96, -270 + noise(spike * 3) * 240
                stage.line([(x - 5, y - 5), (x, y), (x + 5, y - 6)], 2.5, "#e6f2d8")
            star(stage, 10, -304, 30, "#ff7aa2", now * 8, 6, 0.5)
            eyes(stage, 0, -196, 20, 54, look=(0.8, -0.3 if now < 6 else 0.4), lids=blinking(now))
            smile(stage, 0, -156, 30, -0.3 if now < 7.5 else 1)
            cheeks(stage, 0, -166, 96, 12)
        flee = span(now, 3.2, 5.6, smooth)
        pop = now > 5.6
        if not pop:
            x, y = mix(400, 330, span(now, 0, 3)) - 30 * flee, 360 + 12 * wave(now, 4) + 60 * flee
            stage.curve([(x, y + 70), (x + 8, y + 130), (x - 6, y + 190)], 3, "#fff8ea")
            stage.ellipse(x, y, 58, 70, "#4ea8de")
            stage.ellipse(x - 20, y - 28, 12, 18, "#ffffff", 0.5, 20)
            dots(stage, x, y, 6, 34, blinking(now, 3))
            smile(stage, x, y + 20, 20, 0.8 - 1.6 * flee)
        elif now < 6.6:
            out = span(now, 5.6, 6.5, swift)
            for shard in range(12):
                angle = math.radians(shard * 30)
                stage.line(
                    [
                        (300 + math.cos(angle) * 110 * out, 430 + math.sin(angle) * 110 * out),
                        (300 + math.cos(angle) * (120 * out + 16), 430 + math.sin(angle) * (120 * out + 16)),
                    ],
                    8,
                    "#4ea8de",
                    1 - out,
                )
            stage.text(320, 420, "pop.", 60, "#ffffff", alpha=1 - out * 0.4)
        walk = span(now, 6.6, 9, smooth)
        if walk > 0:
            with stage.at(mix(620, 334, walk), 706 - 5 * abs(wave(now, 1)), size=1.1):
                for spike in range(13):
                    angle = math.radians(180 + spike * 15)
                    stage.poly(
                        [
                            (math.cos(angle - 0.12) * 56, -6 + math.sin(angle - 0.12) * 56),
                            (math.cos(angle + 0.12) * 56, -6 + math.sin(angle + 0.12) * 56),
                            (math.cos(angle) * 84, -6 + math.sin(angle) * 84),
                        ],
                        "#6b4f4f",
                    )
                stage.ellipse(0, -14, 62, 52, "#6b4f4f")
                stage.ellipse(-22, 0, 50, 36, "#f0d2b0")
                stage.circle(-72, 4, 8, INK)
                dots(stage, -36, -8, 5, 26, blinking(now, 7))
                smile(stage, -42, 12, 22, 1)
        lines = ((0, "Câlin ?"), (3, "Hug?"), (6.2, "…sorry."), (9, "Enfin."))
        start, words = max(line for line in lines if line[0] <= now)
        sign(
            stage,
            170,
            words,
            60,
            "#fff8ea",
            grown=span(now, start - (1 if start == 0 else 0), start + 0.5, back),
        )
        if hug > 0.01:
            for number in range(4):
                age = ((now - 9) / 3 + number / 4) % 1
                heart(
                    stage,
                    270 + 50 * math.sin(number * 2.4 + age * 3),
                    480 - age * 180,
                    20,
                    "#ff7aa2",
                    1 - age,
                )

    return draw


@scene("robot-vacuum", "techno", bars=4, first_bar=1)
def robot_vacuum(beat: Beat) -> Draw:
    """A robot vacuum cleaner writes what it feels, in dust."""

    def path(step: float) -> tuple[float, float, float]:
        """Where the robot is after so many sixteenths, and where it faces: along a heart."""
        t = math.pi + step
        x = 16 * math.sin(t) ** 3
        y = -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t))
        return 270 + x * 10.4, 440 + y * 11.4, 0.0

    def paint(stage: Stage) -> None:
        stage.fill("#c8b6a6", "#b7a08c")
        for row in range(16):
            for column in range(4):
                x = column * 180 + (row % 2) * 90 - 60
                stage.box(
                    x + 60, row * 62 + 30, 174, 56, "#bfa98f" if (row + column) % 3 else "#b39a7d", corner=4
                )
        for speck in range(700):
            stage.circle(
                noise(speck) * 540, 60 + noise(speck * 3) * 700, 1.5 + 3 * noise(speck * 7), "#7d6450", 0.5
            )

    floor = Painted(paint)

    def draw(stage: Stage, now: float) -> None:
        floor(stage)
        end = span(now, 0.4, 12, smooth) * 2 * math.pi
        trail = [path(step / 60 * end)[:2] for step in range(61)]
        stage.line(trail, 66, "#e6d5c0")
        stage.line(trail, 52, "#f1e4d3")
        x, y, _ = path(end)
        ahead = path(end + 0.03)
        facing = math.degrees(math.atan2(ahead[1] - y, ahead[0] - x))
        with stage.at(x, y):
            stage.circle(4, 8, 56, "#4a3b30", 0.35)
            stage.circle(0, 0, 54, "#2b2d42")
            stage.circle(0, 0, 46, "#3d405b")
            stage.ring(0, 0, 50, 4, "#06d6a0" if hit(now) > 0.3 else "#118ab2")
            eyes(
                stage,
                0,
                -6,
                15,
                40,
                look=(math.cos(math.radians(facing)) * 0.8, math.sin(math.radians(facing)) * 0.8),
                lids=blinking(now),
                white="#c8fff4",
            )
            smile(stage, 0, 16, 22, 1 if now > 12 else 0.2, 4, "#c8fff4")
        if now < 6:
            sign(stage, 130, "Nettoyage : 12 %", 46, "#3d2c1e", "#fff8ea", span(now, -1, 0.5, back))
        elif now < 12:
            sign(stage, 130, "Nettoyage : 12 %", 46, "#3d2c1e", "#fff8ea")
            sign(stage, 204, "(il pense à autre chose)", 32, "#3d2c1e", "#fff8ea", span(now, 6, 6.6, back))
        else:
            heart(stage, 270, 430, 60 + 12 * hit(now), "#ef476f")
            sign(stage, 130, "Sentiments : 100 %", 46, "#fff8ea", "#ef476f", span(now, 12, 12.6, elastic))

    return draw
