"""The conversations under the clips, who likes what, and who follows whom.

A thread is (who, what, options…): `Said` marks what the clip's author pinned or gave a heart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from reelm.entrypoints.demo.easing import noise
from reelm.entrypoints.demo.people import CAST

Lines = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Said:
    """One comment that begins a thread, and the replies under it."""

    who: str
    text: str
    replies: Lines = field(default_factory=tuple)
    pinned: bool = False
    hearted: bool = False


def _s(who: str, text: str, *replies: tuple[str, str], pin: bool = False, heart: bool = False) -> Said:
    return Said(who, text, replies, pin, heart)


TALK: dict[str, tuple[Said, ...]] = {
    "pigeon-dj": (
        _s("gaston_le_pain", "DROP THE WHAT ?", ("dj_roucoule", "Rien, rien. Belle soirée, @gaston_le_pain."),
           ("gaston_le_pain", "Je t'ai à l'œil."), pin=True, heart=True),
        _s("octavia_taps", "The hi-hat at the end had eight arms in the air over here.", heart=True),
        _s("baozi_undercover", "面包掉下来的时候我躲起来了。", ("dj_roucoule", "你不是饺子吗?")),
        _s("marvin_slow", "I came for the start. I arrived for the drop. Perfect timing."),
    ),
    "snail-race": (
        _s("left_sock", "I screamed. The dryer asked me to calm down.", ("marvin_slow", "Tell the dryer it was worth it."), heart=True),
        _s("chai_waqt", "I timed it myself. World record! Wah!", ("marvin_slow", "From a clock, that means everything."), pin=True, heart=True),
        _s("dona_papa", "Respira, campeón. Respira. Ya casi."),
        _s("tea_station", "今日风速:比你快一点点。"),
    ),
    "loaf-cat": (
        _s("dona_papa", "¡Qué gato más esponjoso!", ("gaston_le_pain", "Merci. Enfin quelqu'un.")),
        _s("aspirobot", "J'ai trouvé des miettes sous le canapé. Je pose la question.", ("gaston_le_pain", "C'est mon poil d'hiver."), pin=True, heart=True),
        _s("tea_station", "杯子是我亲戚。", ("gaston_le_pain", "Mes condoléances. Elle me regardait."), heart=True),
    ),
    "moon-sneeze": (
        _s("nour_shay", "رحمكِ الله! شاي بالنعناع في الطريق إليكِ.", ("lune_enrhumee", "Merci @nour_shay, livraison par la mer des Nuages svp."), pin=True, heart=True),
        _s("octavia_taps", "Bless you! I caught a star in cup number one."),
        _s("aspirobot", "Je peux ranger les étoiles si on me donne une rallonge.", heart=True),
    ),
    "sock-search": (
        _s("aspirobot", "…je dois te dire quelque chose à propos de samedi dernier.", ("left_sock", "@aspirobot WHERE IS MY TWIN"), ("aspirobot", "Il est heureux. Il fait du yoga avec @dona_papa."), ("dona_papa", "Es un alumno excelente."), pin=True),
        _s("marvin_slow", "Close enough is my favourite distance.", heart=True),
        _s("lune_enrhumee", "J'ai pleuré. Enfin, j'ai coulé. C'est le rhume."),
    ),
    "tea-forecast": (
        _s("nour_shay", "توقّعات دقيقة: عندي الآن غائم مع نعناع.", ("tea_station", "薄荷是好天气。"), heart=True),
        _s("baozi_undercover", "蒸笼里:100% 湿度。", ("tea_station", "那叫桑拿,不叫天气。"), pin=True),
        _s("chai_waqt", "And milk? Where is the milk in this forecast?", ("tea_station", "这里是绿茶频道。请保持冷静。")),
    ),
    "octopus-drummer": (
        _s("dj_roucoule", "On cherche une batteuse pour vendredi. On a deux scènes, tu peux faire les deux.", ("octavia_taps", "Both at once? Obviously."), pin=True, heart=True),
        _s("tea_station", "第八只手,满分。", heart=True),
        _s("gaston_le_pain", "Huit pattes et aucune tasse cassée. Amatrice."),
    ),
    "elevator": (
        _s("left_sock", "The triangle breathing in is me in every family photo.", heart=True),
        _s("octavia_taps", "B4 is where I keep my cymbals.", ("aspirobot", "C'est donc vous. Les voisins en parlent."), pin=True),
    ),
    "toast-launch": (
        _s("marvin_slow", "A moment of silence for the butter.", heart=True),
        _s("lune_enrhumee", "Il est passé me dire bonjour ! Très poli, un peu grillé.", ("gaston_le_pain", "C'est de famille."), pin=True, heart=True),
        _s("dj_roucoule", "Vous dites « revenu sur Terre », moi j'entends « tombé ». Où exactement ?"),
    ),
    "cactus-hug": (
        _s("left_sock", "This is the second best hug story on this network.", ("nour_shay", "والأولى؟"), ("left_sock", "Mine 🧦"), heart=True),
        _s("lune_enrhumee", "Le ballon était très courageux jusqu'au bout.", pin=True),
    ),
    "late-clock": (
        _s("marvin_slow", "You could always leave earlier. I left for this comment on Tuesday.", pin=True, heart=True),
        _s("tea_station", "现在是喝茶时间。", ("chai_waqt", "It always is, my friend."), heart=True),
    ),
    "pixel-picnic": (
        _s("gaston_le_pain", "C'est un jeu sur des gens qui mangent ma famille.", ("baozi_undercover", "……不是,那是道具。"), pin=True),
        _s("octavia_taps", "The echo in the lead! My third arm is tapping.", heart=True),
    ),
    "goldfish-meeting": (
        _s("aspirobot", "Je suis aussi dans cette réunion. Je fais le fond sonore.", heart=True),
        _s("lune_enrhumee", "De quoi parlait cette vidéo ?", ("chai_waqt", "Which video?"), ("lune_enrhumee", "Bonjour tout le monde !"), pin=True, heart=True),
    ),
    "cookie-dive": (
        _s("gaston_le_pain", "Je préfère tomber de la table, mais respect.", heart=True),
        _s("marvin_slow", "Nine point five from the crumb jury is harsh.", ("dona_papa", "El jurado estaba con hambre."), pin=True),
    ),
    "equaliser-city": (
        _s("aspirobot", "La fenêtre du 4ᵉ clignote en retard, j'ai prévenu le syndic.", heart=True),
        _s("nour_shay", "القمر يومئ برأسه على الإيقاع، وأنا كذلك.", ("lune_enrhumee", "C'était mon cousin."), pin=True),
    ),
    "ghost-laundry": (
        _s("left_sock", "I was one of the reds. No regrets.", ("lune_enrhumee", "Le rose te remercie."), pin=True, heart=True),
        _s("dona_papa", "Rosa es un estado de ánimo."),
    ),
    "dumpling-sauna": (
        _s("tea_station", "我们早就知道了。", ("baozi_undercover", "那为什么不说!"), ("tea_station", "怕你尴尬。"), pin=True, heart=True),
        _s("gaston_le_pain", "Sois toi-même. Moi, je suis un chat et tout va bien.", heart=True),
    ),
    "caterpillar-loading": (
        _s("marvin_slow", "Finally, software I can relate to.", heart=True),
        _s("chai_waqt", "Stopping at 99 % is an art form. I should know.", pin=True),
    ),
    "kaleido-dusk": (_s("nour_shay", "اثنتا عشرة بتلة! عددتها مرتين.", ("octavia_taps", "I used all my arms and borrowed four."), heart=True),),
    "robot-vacuum": (
        _s("left_sock", "I read it. I read it, Aspirobot.", ("aspirobot", "Batterie : 13 %."), pin=True, heart=True),
        _s("octavia_taps", "Crying into arm four."),
    ),
    "ants-parade": (_s("baozi_undercover", "野餐里有包子吗?", ("marvin_slow", "There was. Sorry. It was delicious."), pin=True), _s("dj_roucoule", "Adresse du pique-nique ? Pour un ami.", heart=True)),
    "two-penguins": (_s("lune_enrhumee", "Je tiens la lumière, mais j'éternue.", ("left_sock", "That was the northern lights?!"), pin=True, heart=True), _s("chai_waqt", "One-two-three, one-two-three, tick-tock-tock.")),
    "lost-accents": (_s("dj_roucoule", "J'en ai vu un sur mon toit. Un circonflexe. Très snob.", pin=True, heart=True), _s("dona_papa", "¡Aquí llegaron tres! Los cuidamos con la ñ.", ("lune_enrhumee", "Gracias ! Rendez-les au printemps."), heart=True)),
    "potato-yoga": (_s("baozi_undercover", "我学会了“揉面式”。", heart=True), _s("gaston_le_pain", "Je fais la pose du pain depuis ce matin. Je suis très bon.", ("dona_papa", "Esa no es una pose, Gaston, eso eres tú."), ("gaston_le_pain", "Je suis un CHAT."), pin=True, heart=True)),
    "heron-lodger": (_s("nour_shay", "وكم يدفع الضفدع للكهرباء؟", ("tea_station", "他晚上自己发光。")), _s("marvin_slow", "My kind of neighbourhood.", heart=True)),
    "wood-forest": (_s("aspirobot", "J'ai essayé 森 mais ma batterie est un peu 木.", heart=True), _s("tea_station", "没有WiFi,有茶。", pin=True)),
    "traffic-flirt": (_s("chai_waqt", "I am also awake at three. I see everything. बहुत प्यारा!", heart=True), _s("left_sock", "A pair! A PAIR!", pin=True)),
    "tired-sentence": (_s("tea_station", "给它一杯龙井。", ("chai_waqt", "Two, please."), heart=True), _s("gaston_le_pain", "Moi aussi je fais de mon mieux, couché.")),
    "tunnel-comet": (_s("lune_enrhumee", "Ralentis devant chez moi, il y a des enfants (des astéroïdes).", pin=True, heart=True),),
    "pendulum-choir": (_s("octavia_taps", "Bead nine is rushing. I say this with love.", ("nour_shay", "الخرزة التاسعة تعتذر."), pin=True), _s("dona_papa", "Meditación instantánea.", heart=True)),
    "bunny-morning": (_s("dona_papa", "Excelente rotación de orejas.", heart=True),),
    "bird-solo": (_s("dj_roucoule", "Je précise : pas de la famille.", pin=True), _s("marvin_slow", "10.0 from me.")),
    "world-commute": (_s("nour_shay", "أراني! أنا النقطة التي تشرب الشاي.", ("lune_enrhumee", "Oui, je te fais signe tous les soirs."), pin=True, heart=True),),
    "bird-encore": (_s("chai_waqt", "This is time travel and I was not consulted.", heart=True),),
    "meadow-rent": (_s("left_sock", "Is there a washing line?", ("marvin_slow", "I will ask on Thursday."), pin=True),),
    "city-night": (_s("dj_roucoule", "Collègue aperçu, il a du rythme.", heart=True),),
    "bunny-workout": (_s("gaston_le_pain", "Le retour dans le trou, c'est la partie que je maîtrise.", pin=True, heart=True),),
    "faces-of-cake": (_s("gaston_le_pain", "Tant que ce n'est pas du pain.", heart=True), _s("baozi_undercover", "第二个蛋糕是人类最伟大的发明。")),
    "stream-therapy": (_s("aspirobot", "Je ne sais pas nager mais je regarde.", heart=True),),
    "bird-slow": (_s("octavia_taps", "In slow motion it is basically opera.", pin=True),),
    "bike-patience": (_s("marvin_slow", "They looked fast.", heart=True),),
    "burrow-opening": (_s("tea_station", "恭喜开张!送茶一壶。", ("baozi_undercover", "谢谢!里面有点黑。"), heart=True),),
}  # fmt: skip


def likers(slug: str, author: str) -> list[str]:
    """Who likes a clip: always the same four to eleven of the cast."""
    rank = sorted(
        (persona.handle for persona in CAST if persona.handle != author),
        key=lambda one: noise(_seed(slug + one)),
    )
    return rank[: 4 + int(noise(_seed(slug)) * 8)]


def reposters(slug: str, author: str) -> list[str]:
    """Who reposts it: nobody, or up to two of those who like it."""
    return likers(slug, author)[: int(noise(_seed(slug + "again")) * 3)]


def follows() -> list[tuple[str, str]]:
    """Who follows whom: everybody some, some both ways, so that there are friends."""
    return [
        (one.handle, other.handle)
        for one in CAST
        for other in CAST
        if one is not other
        and noise(_seed("".join(sorted((one.handle, other.handle)))))
        + 0.35 * noise(_seed(one.handle + other.handle))
        > 0.6
    ]


def fondness(who: str, slug: str) -> float:
    """How much of a clip a viewer watches, 0.1 to 2.5 times its length: what the feed learns from."""
    return 0.1 + 2.4 * math.pow(noise(_seed(who + slug)), 1.3)


def _seed(words: str) -> float:
    return float(sum((place + 1) * ord(letter) for place, letter in enumerate(words)) % 9973) / 7
