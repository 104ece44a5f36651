"""`python -m reelm.entrypoints.demo render --out DIR`: everything without a server, for looking and listening.

`paint` is the fill's own helper: it reads a slug per line and answers with the path of the finished clip.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path

from reelm.entrypoints.demo import footage, motion, people
from reelm.entrypoints.demo.beat import CATALOGUE
from reelm.entrypoints.demo.music.desk import loudness, write_wav
from reelm.entrypoints.demo.repertoire import drawn
from reelm.entrypoints.demo.tracks import RECIPES, track

NICENESS = 10
"""Painting gives way to the realm it paints for."""


def paint(slug: str, out: Path) -> Path:
    """Render a drawn clip or a cut of footage into `out`, unless it's there already."""
    target = out / f"{slug}.mp4"
    if target.is_file():
        return target
    if slug in CATALOGUE:
        motion.render(CATALOGUE[slug], target, out)
        return target
    folder = footage.find_folder()
    assert folder is not None, f"there is no footage to cut {slug} from"
    footage.render(next(cut for cut in footage.CUTS if cut.slug == slug), folder, target)
    return target


def render_all(out: Path, only: set[str]) -> None:
    """Render every track, portrait, scene and cut, or those named."""
    for name in RECIPES:
        if not only or name in only:
            music = track(name, out)
            write_wav(music.samples, out / f"{name}.wav")
            print(
                f"{name}: {music.title}, {music.samples.shape[1] / 44100:.1f} s, {loudness(music.samples):.1f} LUFS"
            )
    for persona in people.CAST:
        if not only or persona.handle in only:
            (out / f"{persona.handle}.png").write_bytes(people.portrait(persona))
    cuts = footage.CUTS if footage.find_folder() else ()
    for slug in [*(scene.slug for scene in drawn(with_encore=True)), *(cut.slug for cut in cuts)]:
        if not only or slug in only:
            print(paint(slug, out))


def serve(out: Path) -> None:
    """Paint what standard input asks for, until it closes or nobody listens any more."""
    with contextlib.suppress(BrokenPipeError):
        for line in sys.stdin:
            print(paint(line.strip(), out), flush=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m reelm.entrypoints.demo")
    parser.add_argument("command", choices=("render", "paint"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[], help="slugs, tracks or handles")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    os.nice(NICENESS)
    if arguments.command == "render":
        render_all(arguments.out, set(arguments.only))
    else:
        serve(arguments.out)


if __name__ == "__main__":
    main()
