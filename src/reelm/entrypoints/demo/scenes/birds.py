"""Birds: one plays records, one lets rooms, two dance."""

from __future__ import annotations

import math

from reelm.entrypoints.demo.beat import Beat, Draw, Painted, scene
from reelm.entrypoints.demo.easing import (
    back,
    elastic,
    hit,
    mix,
    noise,
    span,
    swift,
    wave,
)
from reelm.entrypoints.demo.puppets import (
    INK,
    blinking,
    cheeks,
    dots,
    eyes,
    heart,
    hills,
    limb,
    sign,
    smile,
)
from reelm.entrypoints.demo.stage import Stage


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
                    stage.box(
                        x + 8 + window % 2 * 24, 690 - tall + window // 2 * 26, 10, 12, "#ffce6b", alpha=0.7
                    )

    town = Painted(paint)

    def ball(stage: Stage, now: float) -> None:
        stage.line([(270, 60), (270, 150)], 3, "#d8d4e8")
        for ray in range(7):
            angle = math.radians(now * 14 + ray * 51)
            tint = ("#ff5d8f", "#ffd166", "#06d6a0", "#4cc9f0")[ray % 4]
            tip = (270 + math.cos(angle) * 700, 205 + math.sin(angle) * 700)
            side = (math.sin(angle) * 60, -math.cos(angle) * 60)
            stage.poly(
                [(270, 205), (tip[0] + side[0], tip[1] + side[1]), (tip[0] - side[0], tip[1] - side[1])],
                tint,
                0.10 + 0.13 * hit(now),
            )
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
                eyes(
                    stage, 0, -22, 18, 56, look=(wave(now, 8) * 0.6, 0.4), lids=blinking(now), white="#ff9f43"
                )
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
            sign(
                stage,
                340,
                "coo." if now < 6 else "coo. coo." if now < 8 else "wait for it…",
                48,
                "#ffffff",
                grown=span(now, int(now / 2) * 2, int(now / 2) * 2 + 0.4, back),
            )
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
            stage.box(
                235 + bar * 14,
                736 - level * 32,
                9,
                8 + level * 64,
                ("#06d6a0", "#ffd166", "#ef476f")[bar % 3],
                corner=3,
            )
        if drop:
            for slice_ in range(13):
                fall = ((now - 12) * 150 + noise(slice_) * 700) % 900 - 60
                x = 30 + slice_ * 40 + 14 * math.sin(now * 3 + slice_)
                stage.box(x, fall, 36, 34, "#c98a4b", corner=9, turn=now * 70 + slice_ * 30)
                stage.box(x, fall, 27, 25, "#f4d8a8", corner=7, turn=now * 70 + slice_ * 30)

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
            stage.curve(
                [(x, 780), (x + 8, 650), (x - 6 + 12 * noise(reed), 560 + 50 * noise(reed * 2))], 5, "#4b7f52"
            )

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
            stage.blob(
                [(-110, -190), (-40, -270), (60, -260), (88, -200), (30, -160), (-50, -160)], "#f8f9fa"
            )
            stage.blob([(-128, -176), (-60, -240), (40, -220), (-20, -172)], "#6c8ea4")
            stage.curve([(66, -230), (110, -320), (60, -380), (86, -440)], 22, "#f8f9fa")
            stage.circle(90, -446, 25, "#f8f9fa")
            stage.curve([(76, -462), (40, -476), (10, -462)], 7, INK)
            stage.poly([(108, -456), (196, -440), (108, -430)], "#f4a259")
            stage.circle(98, -450, 6, INK) if blinking(now) > 0.3 else stage.line(
                [(90, -450), (106, -450)], 4, INK
            )
            arrive = span(now, 3.5, 4.2, swift)
            if arrive > 0:
                up = math.sin(math.pi * arrive) * 60
                with stage.at(
                    mix(-220, -20, arrive), mix(-40, -272, arrive) - up, size=0.8, tall=1 + 0.08 * hit(now)
                ):
                    stage.ellipse(0, 0, 46, 34, "#70a83b")
                    stage.circle(-22, -28, 17, "#70a83b")
                    stage.circle(22, -28, 17, "#70a83b")
                    eyes(stage, 0, -30, 12, 44, look=(0.5, 0), lids=blinking(now, 3))
                    smile(stage, 0, -2, 44, 0.8, 4)
                    if now > 8:
                        stage.box(0, -66, 70, 10, "#a0522d", corner=4)
                        stage.poly([(-40, -68), (40, -68), (0, -108)], "#c1440e")
        if 1 < now < 4.5:
            sign(stage, 150, "一动不动。", 60, "#264653", grown=span(now, 1, 1.6, back))
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
            stage.circle(
                noise(spark) * 540, noise(spark * 3) * 380, 1 + 1.6 * noise(spark * 7), "#ffffff", 0.9
            )

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
            stage.curve(
                [(x, 700 + row * 36 + 6 * wave(now, 3, x / 200 + row * 0.3)) for x in range(-20, 600, 60)],
                3,
                "#9bd7ff",
                0.35,
            )
        with stage.at(270, 690, turn=tilt):
            stage.blob([(-190, 0), (-150, -22), (150, -22), (190, 0), (120, 46), (-100, 50)], "#d8f3ff")
            stage.blob([(-190, -4), (-150, -26), (150, -26), (190, -4), (0, 12)], "#ffffff")
            for side in (-1, 1):
                with stage.at(
                    side * (58 + 14 * wave(now, 3)) + swing * 60,
                    -22,
                    wide=side * math.copysign((0.72 + 0.28 * abs(math.cos(now * math.pi / 12))), 1),
                ):
                    penguin(
                        stage, 5 * wave(now, 3, 0.25 * side), now, "#ef476f" if side > 0 else "#ffd166", side
                    )
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
