"""ThumbHash: a placeholder of about 25 bytes, a few cosine terms of a small opaque picture.

Source: the public description of the format at evanw.github.io/thumbhash. Colours are split into light,
yellow-blue and red-green; each keeps its lowest frequencies, in four bits apiece.
"""

import base64
import math

import numpy as np
import numpy.typing as npt

LARGEST_SIDE = 100
_Plane = npt.NDArray[np.float64]


def thumbhash(rgb: bytes, width: int, height: int) -> str:
    """Return the base64 ThumbHash of packed 8-bit RGB rows. Raises ValueError for a wrong size."""
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE) or len(rgb) != width * height * 3:
        raise ValueError("a picture of at most 100 by 100 pixels in packed RGB is needed")
    pixels = np.frombuffer(rgb, np.uint8).reshape(height, width, 3).astype(np.float64) / 255
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    longest = max(width, height)
    across = max(1, math.floor(7 * width / longest + 0.5))
    down = max(1, math.floor(7 * height / longest + 0.5))
    light, light_scale, light_terms = _terms((red + green + blue) / 3, max(3, across), max(3, down))
    yellow, yellow_scale, yellow_terms = _terms((red + green) / 2 - blue, 3, 3)
    redness, red_scale, red_terms = _terms(red - green, 3, 3)
    landscape = width > height
    first = (
        _level(light, 63)
        | _level(0.5 + 0.5 * yellow, 63) << 6
        | _level(0.5 + 0.5 * redness, 63) << 12
        | _level(light_scale, 31) << 18
    )
    second = (down if landscape else across) | _level(yellow_scale, 63) << 3 | _level(red_scale, 63) << 9
    second |= landscape << 15
    nibbles = [_level(term, 15) for term in (*light_terms, *yellow_terms, *red_terms)]
    nibbles += [0] * (len(nibbles) % 2)
    tail = bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return base64.b64encode(first.to_bytes(3, "little") + second.to_bytes(2, "little") + tail).decode()


def _level(value: float, top: int) -> int:
    return min(top, max(0, math.floor(top * value + 0.5)))


def _terms(plane: _Plane, across: int, down: int) -> tuple[float, float, list[float]]:
    """Return a plane's mean, its largest cosine term, and the terms of the triangle, scaled to 0…1."""
    height, width = plane.shape
    columns = np.cos(np.pi / width * np.outer(np.arange(across), np.arange(width) + 0.5))
    rows = np.cos(np.pi / height * np.outer(np.arange(down), np.arange(height) + 0.5))
    table = rows @ plane @ columns.T / (width * height)
    terms = [
        float(table[y, x])
        for y in range(down)
        for x in range(across)
        if (x or y) and x * down < across * (down - y)
    ]
    scale = max((abs(term) for term in terms), default=0.0)
    return float(table[0, 0]), scale, [0.5 + 0.5 * term / scale if scale else 0.5 for term in terms]
