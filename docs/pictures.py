"""Puts together the pictures of the documents, docs/images/, from what `fullwell demo` made.

Run: fullwell demo, then python docs/pictures.py demo
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

IMAGES = Path(__file__).parent / "images"
RESULT = "natural"  # the picture under the frames
GAP = 6


def sheet(pictures: list[Image.Image], columns: int, width: int, labels: list[str] | None = None) -> Image.Image:
    """Pictures of one shape in rows, white between them, each with its label in the lower left corner."""
    cell = (width - GAP * (columns - 1)) // columns
    height = round(cell * pictures[0].height / pictures[0].width)
    rows = -(-len(pictures) // columns)
    out = Image.new("RGB", (cell * columns + GAP * (columns - 1), height * rows + GAP * (rows - 1)), "white")
    for i, picture in enumerate(pictures):
        x, y = (i % columns) * (cell + GAP), (i // columns) * (height + GAP)
        out.paste(picture.resize((cell, height), Image.Resampling.LANCZOS), (x, y))
        if labels:
            place = (x + 10, y + height - 8)
            font = ImageFont.load_default(20)
            ImageDraw.Draw(out).text(place, labels[i], "white", font, "ls", stroke_width=2, stroke_fill="black")
    return out


def main(demo: Path) -> None:
    """Write demo.jpg (frames above, one result below), operators.jpg and response.svg."""
    IMAGES.mkdir(exist_ok=True)
    frames = [Image.open(p) for p in sorted((demo / "frames").glob("*.jpg"))]
    strip = sheet(frames, len(frames), 1200)
    result = sheet([Image.open(demo / f"{RESULT}.jpg")], 1, strip.width)
    both = Image.new("RGB", (strip.width, strip.height + GAP + result.height), "white")
    both.paste(strip, (0, 0))
    both.paste(result, (0, strip.height + GAP))
    both.save(IMAGES / "demo.jpg", quality=88)
    made = sorted(demo.glob("*.jpg"))
    sheet([Image.open(p) for p in made], 2, 1200, [p.stem for p in made]).save(IMAGES / "operators.jpg", quality=88)
    shutil.copyfile(demo / "response.svg", IMAGES / "response.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
