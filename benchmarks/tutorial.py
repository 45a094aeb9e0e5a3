"""The script of the OpenCV HDR tutorials: python tutorial.py OUT.hdr OUT.jpg FRAME.jpg:SECONDS ..."""

import sys

import cv2
import numpy as np

hdr_path, ldr_path, *given = sys.argv[1:]
images = [cv2.imread(word.rpartition(":")[0]) for word in given]
times = np.array([float(word.rpartition(":")[2]) for word in given], np.float32)
cv2.createAlignMTB().process(images, images)
response = cv2.createCalibrateDebevec().process(images, times)
hdr = cv2.createMergeDebevec().process(images, times, response)
cv2.imwrite(hdr_path, hdr)
ldr = cv2.createTonemapDrago(1.0, 0.7).process(hdr)
cv2.imwrite(ldr_path, 3 * ldr * 255)
