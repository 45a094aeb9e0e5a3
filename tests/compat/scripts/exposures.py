"""HDR as LearnOpenCV teaches it: four exposures, aligned, calibrated, merged, and mapped by four operators.

Run in a folder with img_0.033.jpg, img_0.25.jpg, img_2.5.jpg and img_15.jpg.
"""

import cv2
import numpy as np


def load():
    names = ["img_0.033.jpg", "img_0.25.jpg", "img_2.5.jpg", "img_15.jpg"]
    seconds = np.array([1 / 30.0, 0.25, 2.5, 15.0], dtype=np.float32)
    return [cv2.imread(name) for name in names], seconds


photos, seconds = load()

aligner = cv2.createAlignMTB()
aligner.process(photos, photos)

calibration = cv2.createCalibrateDebevec()
response = calibration.process(photos, seconds)

merger = cv2.createMergeDebevec()
hdr = merger.process(photos, seconds, response)
cv2.imwrite("debevec.hdr", hdr)

drago = cv2.createTonemapDrago(1.0, 0.7)
picture = 3 * drago.process(hdr)
cv2.imwrite("drago.jpg", picture * 255)

if hasattr(cv2, "createTonemapDurand"):
    durand = cv2.createTonemapDurand(1.5, 4, 1.0, 1, 1)
    picture = 3 * durand.process(hdr)
    cv2.imwrite("durand.jpg", picture * 255)

reinhard = cv2.createTonemapReinhard(1.5, 0, 0, 0)
picture = reinhard.process(hdr)
cv2.imwrite("reinhard.jpg", picture * 255)

mantiuk = cv2.createTonemapMantiuk(2.2, 0.85, 1.2)
picture = 3 * mantiuk.process(hdr)
cv2.imwrite("mantiuk.jpg", picture * 255)
