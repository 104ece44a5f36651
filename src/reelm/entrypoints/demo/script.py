"""What the cast says: a caption for every clip, in its author's language."""

from __future__ import annotations

from dataclasses import dataclass

from reelm.entrypoints.demo.footage import CUTS


@dataclass(frozen=True)
class Post:
    """Who publishes a clip, and the words beneath it."""

    author: str
    language: str
    caption: str


POSTS = {
    "pigeon-dj": Post("dj_roucoule", "fr", "Je mixe, tu miettes. Le drop est à 6 secondes, le pain à 6,1. 🍞 #drop #bread #disco #loop"),
    "snail-race": Post("marvin_slow", "en", "Ten years of training for these eight seconds. Thank you, coach cabbage. 🐌 #slow #tinyvictory #sport"),
    "loaf-cat": Post("gaston_le_pain", "fr", "La tasse me regardait bizarrement. Je suis innocent ET un chat. #bread #chat #innocent"),
    "moon-sneeze": Post("lune_enrhumee", "fr", "Désolée pour les étoiles, je les remets demain. 🤧 #nuit #rhume #tinyvictory"),
    "sock-search": Post("left_sock", "en", "Update: still no twin. Found somebody dottier. #socks #love #tinyvictory"),
    "tea-forecast": Post("tea_station", "zh", "未来三天:茶。请带好杯子。🍵 Bring a cup. #茶 #天气 #tea"),
    "octopus-drummer": Post("octavia_taps", "en", "172 beats per minute and not a drop spilled. Ask me about arm eight. 🐙 #drums #tea #beat"),
    "elevator": Post("aspirobot", "fr", "Mes voisins d'immeuble sont des gens très carrés. Sauf un. #ascenseur #beat #mondays"),
    "toast-launch": Post("gaston_le_pain", "en", "Our friend went to space for 4 seconds. We are so proud. Butter side: down. 🚀 #bread #space #tinyvictory"),
    "cactus-hug": Post("nour_shay", "ar", "كل صبّارة تستحق عناقًا، والقنفذ يعرف ذلك. 🌵 Every cactus deserves a hug. #عناق #love"),
    "late-clock": Post("chai_waqt", "en", "Late for being on time, again. My boss says I have no excuse, I am the excuse. ⏰ #mondays #time"),
    "pixel-picnic": Post("baozi_undercover", "zh", "通关奖励:甜点。没有 Boss,只有面包。🎮 No boss, only bread. #游戏 #bread #loop"),
    "goldfish-meeting": Post("chai_waqt", "en", "This meeting could have been a bubble. 🐟 #mondays #meeting #loop"),
    "cookie-dive": Post("dona_papa", "es", "Técnica impecable, entrada limpia, final… blandito. 🍪🥛 #deporte #sport #tinyvictory"),
    "equaliser-city": Post("dj_roucoule", "fr", "Vue de mon bureau. Chaque fenêtre est une vraie mesure du son, je les ai comptées. #disco #beat #nuit"),
    "ghost-laundry": Post("lune_enrhumee", "fr", "Rappel : un fantôme se lave à 30°, seul. Il dit que le rose lui va bien, et il a raison. 👻 #lessive #bouh"),
    "dumpling-sauna": Post("baozi_undercover", "zh", "三分钟,我的身份就暴露了。🥟 Three minutes and my cover was blown. #饺子 #包子 #bread"),
    "caterpillar-loading": Post("nour_shay", "en", "Some updates take exactly as long as they take. 🦋 #loading #slow #tinyvictory"),
    "kaleido-dusk": Post("octavia_taps", "en", "What cymbals look like from the inside. #beat #shapes #loop"),
    "robot-vacuum": Post("aspirobot", "fr", "J'ai laissé un message dans la poussière. Personne ne l'a lu, ils ont juste dit « oh, propre ». ❤️ #poussière #love"),
    "ants-parade": Post("marvin_slow", "en", "Breaking news from the lawn, delivered letter by letter. The last one was me helping. #news #picnic #slow"),
    "two-penguins": Post("left_sock", "fr", "Pour danser à deux, il faut quatre pieds et un peu de glace. @lune_enrhumee tu tiens la lumière ? #valse #love"),
    "lost-accents": Post("lune_enrhumee", "fr", "Sans accents, « péché » devient « peche » et tout le monde a faim. 🐦 #français #accents #été"),
    "potato-yoga": Post("dona_papa", "es", "Clase de hoy: soltar. Y si te sueltas del todo, puré. Para principiantes y para tubérculos de todas las edades, sin prisa, con mantequilla y con mucho cariño. 🧘 #yoga #slow"),
    "heron-lodger": Post("tea_station", "zh", "一动不动也能当房东。Standing still is a business model. #slow #茶 #鸟"),
    "wood-forest": Post("baozi_undercover", "zh", "木→林→森→没有信号。🌲 #汉字 #森林 #loading"),
    "traffic-flirt": Post("aspirobot", "en", "They only meet at 3 a.m., when both are blinking. I vacuum nearby and say nothing. 🚦 #love #nuit"),
    "tired-sentence": Post("chai_waqt", "hi", "यह वाक्य सोमवार को लिखा गया था। चाय के बाद फिर कोशिश करेगा। ☕ #mondays #tea"),
    "tunnel-comet": Post("octavia_taps", "en", "Morning commute. Mind the gap, the gap minds you. ☄️ #beat #space #mondays"),
    "pendulum-choir": Post("nour_shay", "ar", "ثلاث عشرة خرزة تختلف ثم تتفق. كالعائلة تمامًا. Thirteen beads argue, then agree. #shapes #loop"),
    "personal-cloud": Post("lune_enrhumee", "fr", "Un nuage rien que pour toi, c'est de la pluie ou de l'attention ? ☁️ #love #mondays"),
    "bath-whale": Post("octavia_taps", "en", "My flatmate says the bath is cosy. My flatmate is a whale. 🐋 #slow #tinyvictory"),
    "bad-kerning": Post("left_sock", "en", "Letters, like socks, need personal space. #type #mondays"),
    "loop-notice": Post("baozi_undercover", "en", "I have been here before. There was a duck. 🦆 #loop"),
    "spaghetti-scope": Post("dona_papa", "es", "Concierto en directo, al dente. Prohibido comerse a la banda. 🍝 #beat #bread"),
    "breathing-poster": Post("nour_shay", "en", "A poster that did not sit still for its portrait. #shapes #loop"),
    "truchet-quilt": Post("left_sock", "en", "My grandmother's quilt on coffee. #shapes #loop"),
    "harmonograph": Post("lune_enrhumee", "fr", "Une seule ligne, aucune hâte. #nuit #shapes #slow"),
    "kaleido-clay": Post("nour_shay", "ar", "زهرة من طين ترقص البوسا نوفا. #shapes #beat"),
    "kaleido-neon": Post("dj_roucoule", "fr", "Le néon m'a regardé. J'ai cligné en premier. #beat #nuit"),
    "pendulum-paper": Post("tea_station", "zh", "十一颗珠子喝同一壶茶,各走各的。 #茶 #loop"),
    "bunny-morning": Post("gaston_le_pain", "fr", "Lui, au moins, sait s'étirer comme un chat. #matin #lapin"),
    "bird-solo": Post("dj_roucoule", "en", "My support act tonight. Strong opening, unexpected fruit. 🐦 #sport #drop"),
    "world-commute": Post("lune_enrhumee", "fr", "Ma voisine d'en bas. Elle tourne, je tourne, on ne se croise jamais au marché. 🌍 #space #nuit #slow"),
    "bird-encore": Post("octavia_taps", "en", "He practised the ending. And the beginning. And the ending. #loop #drop"),
    "meadow-rent": Post("marvin_slow", "en", "Viewing a flat. Bright, quiet, 400 lettuces, no stairs. I should arrive by Thursday. #slow"),
    "city-night": Post("aspirobot", "fr", "Quelqu'un aspire là-haut au 34ᵉ étage. Courage, collègue. #nuit #beat"),
    "bunny-workout": Post("dona_papa", "es", "Estiramos juntos: uno, dos… y volvemos al agujero. Nadie juzga. 🐰 #yoga #loop"),
    "faces-of-cake": Post("chai_waqt", "en", "No more cake → wait → there is a second cake. #cake #tinyvictory"),
    "stream-therapy": Post("tea_station", "zh", "泡茶用水,现场直播。💧 Live from the kettle's childhood. #茶 #slow"),
    "bird-slow": Post("marvin_slow", "en", "Finally someone who understands my tempo. #slow #drop"),
    "bike-patience": Post("left_sock", "en", "Bicycles also come in pairs of wheels. Just saying. 🚲 #love #slow"),
    "burrow-opening": Post("baozi_undercover", "zh", "盛大开业!门票:一根胡萝卜。 Grand opening of a hole. #bread #news"),
}  # fmt: skip


def caption_of(slug: str) -> str:
    """The caption, with the credit that a cut of footage owes."""
    credit = next((cut.credit for cut in CUTS if cut.slug == slug), "")
    return POSTS[slug].caption + (f" ({credit})" if credit else "")
