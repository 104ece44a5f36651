"""Runs alone in its own confined process: opens one picture, writes one small WebP.

Started by `avatars.scaled` with a JSON job as its only argument; imports Pillow, then shuts itself in, and only
then reads the stranger's bytes.
"""

import importlib.util
import json
import sys
from typing import Any

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 50_000_000
QUALITY = 82


def scale(job: dict[str, Any], image: Any, operations: Any) -> None:
    """Turn upright, cut the middle square, scale, flatten, write without any metadata."""
    image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with image.open(job["source"], formats=FORMATS) as picture:
        picture.draft("RGB", (job["edge"] * 2, job["edge"] * 2))
        upright = operations.exif_transpose(picture).convert("RGBA")
    square = operations.fit(upright, (job["edge"], job["edge"]), image.Resampling.LANCZOS)
    ground = image.new("RGB", square.size, (255, 255, 255))
    ground.paste(square, mask=square.getchannel("A"))
    ground.save(job["target"], "WEBP", quality=QUALITY, method=4)


def main(job: dict[str, Any]) -> None:
    """Import, confine, open."""
    import warnings

    sys.path.append(job["site"])
    from PIL import Image, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

    Image.preinit()
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    spec = importlib.util.spec_from_file_location("confine", job["confine"])
    assert spec is not None
    assert spec.loader is not None
    confine = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(confine)
    missing = confine.confine(job["policy"])
    if missing and not job["policy"]["allow_weak"]:
        sys.stderr.write("confine: " + "; ".join(missing))
        sys.exit(confine.FAILED)
    scale(job, Image, ImageOps)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
