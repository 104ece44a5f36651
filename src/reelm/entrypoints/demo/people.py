"""The cast: twelve invented grown-ups, none of them quite a person, with portraits drawn in the family look."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from reelm.entrypoints.demo.puppets import INK, cheeks, dots, eyes, gasp, heart, smile, star
from reelm.entrypoints.demo.scenes.animals import snail
from reelm.entrypoints.demo.scenes.kitchen import loaf
from reelm.entrypoints.demo.scenes.things import sock
from reelm.entrypoints.demo.stage import Stage

PORTRAIT = 256


@dataclass(frozen=True)
class Persona:
    """One of the cast."""

    handle: str
    name: str
    bio: str
    language: str
    country: str
    birth_date: str
    backdrop: tuple[str, str]
    draw: Callable[[Stage], None]


def _pigeon(stage: Stage) -> None:
    stage.box(128, 214, 130, 150, "#5e6f8c", corner=60)
    stage.box(128, 188, 112, 16, "#3fb68b", corner=8)
    stage.circle(128, 116, 66, "#8494ad")
    eyes(stage, 128, 106, 22, 70, look=(0.5, 0.2), white="#ff9f43")
    stage.poly([(110, 132), (146, 132), (128, 176)], "#f2e8cf")
    stage.arc(128, 112, 78, 185, 355, 14, "#ef476f")
    for side in (-1, 1):
        stage.box(128 + side * 76, 122, 26, 54, "#ef476f", corner=10)


def _loaf(stage: Stage) -> None:
    with stage.at(122, 226, size=0.78):
        loaf(stage, 1.0, (0.3, 0.0), 0.5)


def _snail(stage: Stage) -> None:
    with stage.at(124, 206, size=0.9):
        snail(stage, 0, 0, 1.0, 1.0, 0.0)


def _moon(stage: Stage) -> None:
    stage.circle(128, 144, 82, "#fdf0c8")
    stage.circle(96, 190, 14, "#ecd9a0")
    stage.blob(
        [(46, 116), (70, 70), (128, 44), (200, 40), (232, 84), (196, 92), (208, 116), (128, 92)], "#5e60ce"
    )
    stage.curve([(46, 118), (128, 92), (208, 118)], 18, "#f8f9fa")
    stage.circle(230, 88, 15, "#f8f9fa")
    eyes(stage, 128, 138, 17, 62, look=(0, 0.2), sleepy=0.35)
    stage.circle(128, 164, 13, "#f28482")
    smile(stage, 128, 188, 30, -0.4)


def _tea(stage: Stage) -> None:
    stage.blob([(46, 110), (210, 110), (196, 176), (164, 220), (92, 220), (60, 176)], "#fdfcf7")
    stage.ellipse(128, 110, 80, 20, "#b5793a")
    stage.blob([(104, 108), (122, 98), (148, 108), (122, 116)], "#386641")
    for steam in (100, 128, 156):
        stage.curve([(steam, 84), (steam + 8, 66), (steam - 4, 46)], 7, "#ffffff", 0.7)
    eyes(stage, 128, 152, 16, 60, look=(0, -0.4))
    smile(stage, 128, 180, 28, 0.8)
    cheeks(stage, 128, 174, 110)


def _bun(stage: Stage) -> None:
    stage.circle(128, 140, 88, "#fffaf0")
    for fold in range(-2, 3):
        stage.curve([(128 + fold * 6, 54), (128 + fold * 22, 74), (128 + fold * 34, 98)], 4, "#e0d6c0")
    stage.box(128, 132, 168, 44, INK, corner=18)
    eyes(stage, 128, 132, 16, 72, look=(0.8, 0))
    smile(stage, 128, 184, 34, 0.5)


def _sock(stage: Stage) -> None:
    with stage.at(118, 236, size=1.0):
        sock(stage, 1.0, "#e63946", "#fff1e6", 0.8)


def _robot(stage: Stage) -> None:
    stage.circle(128, 136, 92, "#2b2d42")
    stage.circle(128, 136, 80, "#3d405b")
    stage.ring(128, 136, 86, 5, "#06d6a0")
    eyes(stage, 128, 126, 24, 68, look=(0, -0.3), white="#c8fff4")
    smile(stage, 128, 170, 40, 0.8, 6, "#c8fff4")


def _octopus(stage: Stage) -> None:
    for arm in range(4):
        x = 52 + arm * 50
        stage.curve([(x, 190), (x - 12 + arm * 8, 226), (x + 14, 256)], 24, "#b5446e")
    stage.blob([(40, 190), (34, 110), (74, 44), (182, 44), (222, 110), (216, 190), (128, 216)], "#d1587f")
    eyes(stage, 128, 122, 25, 74, look=(0.2, 0))
    smile(stage, 128, 164, 40, 0.9, 5)
    cheeks(stage, 128, 156, 130, 13)


def _potato(stage: Stage) -> None:
    stage.blob([(56, 240), (44, 150), (70, 60), (130, 34), (194, 66), (212, 150), (200, 240)], "#c99a5b")
    for x, y in ((82, 190), (180, 90), (168, 206), (96, 84)):
        stage.ellipse(x, y, 7, 5, "#9b713c")
    stage.box(130, 92, 150, 20, "#e56b6f", corner=9, turn=-3)
    dots(stage, 128, 140, 9, 66, 0.0)
    smile(stage, 128, 172, 38, 0.9, 5)
    cheeks(stage, 128, 164, 120, 13)


def _glass(stage: Stage) -> None:
    stage.box(128, 150, 116, 160, "#c8553d", corner=22)
    stage.box(128, 96, 116, 46, "#f2cc8f", corner=16)
    for leaf, lean in ((96, -20), (128, 0), (158, 22)):
        stage.ellipse(leaf, 62, 15, 32, "#588157", turn=lean)
    eyes(stage, 128, 144, 17, 56, look=(-0.3, 0.2))
    smile(stage, 128, 178, 32, 0.9)
    star(stage, 206, 60, 22, "#ffd166", 10)


def _clock(stage: Stage) -> None:
    for side in (-1, 1):
        stage.ellipse(128 + side * 58, 56, 34, 26, "#c1121f", turn=side * 34)
    stage.circle(128, 144, 92, "#d62839")
    stage.circle(128, 144, 74, "#fffaf0")
    eyes(stage, 128, 130, 18, 52, look=(0.6, 0.3))
    gasp(stage, 128, 180, 30, 26)
    stage.line([(128, 150), (128, 108)], 6, INK)
    stage.line([(128, 150), (156, 160)], 6, INK)
    heart(stage, 210, 206, 20, "#ef476f")


CAST = (
    Persona("dj_roucoule", "DJ Roucoule", "Pigeon. Toits de Paris, vendredi minuit. Entrée : une miette.",
            "fr", "FR", "1991-04-12", ("#41206b", "#e0559a"), _pigeon),
    Persona("gaston_le_pain", "Gaston (chat)",
            "Je suis un chat. Arrêtez avec le beurre. / I am a cat. Please stop with the butter.",
            "fr", "BE", "1999-11-02", ("#f8e1d0", "#f3a98a"), _loaf),
    Persona("marvin_slow", "Marvin Slow", "Professional athlete. 0.003 km/h. My coach is a cabbage.",
            "en", "GB", "1988-06-21", ("#ffd6a5", "#ff8fab"), _snail),
    Persona("lune_enrhumee", "Lune Enrhumée", "Je brille, je tousse. Horaires : de nuit. Mouchoirs bienvenus.",
            "fr", "CA", "1969-07-20", ("#1c2260", "#4a3f8f"), _moon),
    Persona("tea_station", "茶山气象台", "只报与茶有关的天气。准确率:一壶。 Weather, mostly tea.",
            "zh", "CN", "1979-03-05", ("#cfe1b9", "#87986a"), _tea),
    Persona("baozi_undercover", "卧底包子", "我是饺子。真的。别看褶子。 Definitely a dumpling.",
            "zh", "SG", "1995-02-09", ("#b23a2e", "#e07a3f"), _bun),
    Persona("left_sock", "Left Sock", "Lost: one twin. Red, stripy, last seen near a dryer. Otherwise very happy.",
            "en", "IE", "1993-09-30", ("#ffe5d9", "#f4acb7"), _sock),
    Persona("aspirobot", "Aspirobot 3000", "J'aspire à mieux. Batterie : 12 %. Sentiments : 100 %.",
            "fr", "CH", "2001-01-15", ("#e6d5c0", "#b79a7d"), _robot),
    Persona("octavia_taps", "Octavia Taps", "Drummer, eight hands, no car. One hand is always tea.",
            "en", "AU", "1990-12-08", ("#045a7c", "#0a8fa5"), _octopus),
    Persona("dona_papa", "Doña Papa", "Profesora de yoga. Respira… y, si hace falta, puré.",
            "es", "PE", "1984-05-17", ("#fbe7c6", "#f4acb7"), _potato),
    Persona("nour_shay", "نور والشاي", "أرسم دوائر وأشرب الشاي. الدوائر تدور، والشاي يبرد. Circles and tea.",
            "ar", "JO", "1987-10-25", ("#1a1423", "#5a3a55"), _glass),
    Persona("chai_waqt", "Chai Waqt", "Always late, always on time. मैं घड़ी हूँ और फिर भी देर से आती हूँ।",
            "hi", "IN", "1992-08-14", ("#ffba49", "#fff0d1"), _clock),
)  # fmt: skip


def portrait(persona: Persona) -> bytes:
    """The persona's picture as a PNG of 256 x 256."""
    stage = Stage(2, PORTRAIT, PORTRAIT)
    stage.fill(*persona.backdrop)
    persona.draw(stage)
    file = io.BytesIO()
    stage.frame().save(file, "PNG")
    return file.getvalue()
