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
from fullwell.compat import cv2
from fullwell.io import read_frame
from fullwell.report.contact_sheet import GAP, of_codes, sheet

IMAGES = Path(__file__).parent / "images"
WIDTH = 1200


def main(demo: Path) -> None:
    """Write demo.jpg (frames above, the result below), operators.jpg, tutorial.jpg and response.svg."""
    IMAGES.mkdir(exist_ok=True)
    frames = sorted((demo / "frames").glob("*.jpg"))
    result = sheet({"": of_codes(read_frame(demo / f"{default_look()}.jpg").codes())}, 1, WIDTH)
    cell = (result.shape[1] - GAP * (len(frames) - 1)) // len(frames)
    strip = sheet({" " * i: of_codes(read_frame(p).codes()) for i, p in enumerate(frames)}, len(frames), cell)
    result = result[:, : strip.shape[1]]
    between = np.full((GAP, *strip.shape[1:]), 255, np.uint8)
    save(np.concatenate([strip, between, result]), "demo.jpg")
    with Image.open(demo / "contact-sheet.jpg") as looks:
        save(np.asarray(looks.resize((WIDTH, round(looks.height * WIDTH / looks.width)))), "operators.jpg")
    save(tutorial(frames, read_frame(demo / f"{default_look()}.jpg").codes()), "tutorial.jpg")
    shutil.copyfile(demo / "response.svg", IMAGES / "response.svg")


def tutorial(paths: list[Path], natural: np.ndarray) -> np.ndarray:
    """The four pictures that the tutorial's script makes of the frames, after the default one."""
    times = [float(read_frame(p).exposure.time_s or 0) for p in paths]
    images = [cv2.imread(str(p)) for p in paths]
    cv2.createAlignMTB().process(images, images)
    response = cv2.createCalibrateDebevec().process(images, times)
    hdr = cv2.createMergeDebevec().process(images, times, response)
    made = {
        "3 * TonemapDrago(1.0, 0.7)": 3 * cv2.createTonemapDrago(1.0, 0.7).process(hdr),
        "3 * TonemapDurand(1.5, 4, 1.0, 1, 1)": 3 * cv2.createTonemapDurand(1.5, 4, 1.0, 1, 1).process(hdr),
        "TonemapReinhard(1.5, 0, 0, 0)": cv2.createTonemapReinhard(1.5, 0, 0, 0).process(hdr),
        "3 * TonemapMantiuk(2.2, 0.85, 1.2)": 3 * cv2.createTonemapMantiuk(2.2, 0.85, 1.2).process(hdr),
    }
    codes = {k: np.clip(np.round(255 * v[:, :, ::-1]), 0, 255).astype(np.uint8) for k, v in made.items()}
    h, w = (min(a.shape[i] for a in (*codes.values(), natural)) for i in (0, 1))  # the default is cropped
    return sheet(
        {k: of_codes(a[:h, :w]) for k, a in {"fullwell make": natural, **codes}.items()}, 2, (WIDTH - GAP) // 2
    )


def save(codes: np.ndarray, name: str) -> None:
    Image.fromarray(codes).save(IMAGES / name, quality=88)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
