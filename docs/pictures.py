"""Puts together the pictures of the documents, docs/images/, from what `fullwell demo` made.

Run: fullwell demo, then python docs/pictures.py demo
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from fullwell.cli.demo import default_look
from fullwell.io import read_frame
from fullwell.report.contact_sheet import GAP, of_codes, sheet

IMAGES = Path(__file__).parent / "images"
WIDTH = 1200


def main(demo: Path) -> None:
    """Write demo.jpg (frames above, the result below), operators.jpg and response.svg."""
    IMAGES.mkdir(exist_ok=True)
    frames = sorted((demo / "frames").glob("*.jpg"))
    cell = (WIDTH - GAP * (len(frames) - 1)) // len(frames)
    strip = sheet({" " * i: of_codes(read_frame(p).codes()) for i, p in enumerate(frames)}, len(frames), cell)
    result = sheet({"": of_codes(read_frame(demo / f"{default_look()}.jpg").codes())}, 1, strip.shape[1])
    between = np.full((GAP, *strip.shape[1:]), 255, np.uint8)
    save(np.concatenate([strip, between, result]), "demo.jpg")
    with Image.open(demo / "contact-sheet.jpg") as looks:
        save(np.asarray(looks.resize((WIDTH, round(looks.height * WIDTH / looks.width)))), "operators.jpg")
    shutil.copyfile(demo / "response.svg", IMAGES / "response.svg")


def save(codes: np.ndarray, name: str) -> None:
    Image.fromarray(codes).save(IMAGES / name, quality=88)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
