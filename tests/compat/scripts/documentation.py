"""HDR as OpenCV's own Python documentation teaches it: merged twice without a response, mapped by gamma, and fused.

Run in a folder with img0.jpg to img3.jpg, the longest exposure first.
"""

import cv2 as cv
import numpy as np

frames = [cv.imread(f"img{i}.jpg") for i in range(4)]
times = np.array([15.0, 2.5, 0.25, 0.0333], dtype=np.float32)

debevec = cv.createMergeDebevec().process(frames, times=times.copy())
robertson = cv.createMergeRobertson().process(frames, times=times.copy())

tonemap = cv.createTonemap(gamma=2.2)
low_debevec = tonemap.process(debevec.copy())
low_robertson = cv.createTonemap(gamma=1.3).process(robertson.copy())

fused = cv.createMergeMertens().process(frames)

for name, values in (("debevec", low_debevec), ("robertson", low_robertson), ("fusion", fused)):
    cv.imwrite(f"{name}.jpg", np.clip(values * 255, 0, 255).astype("uint8"))

for name, calibrate in (("d", cv.createCalibrateDebevec()), ("r", cv.createCalibrateRobertson())):
    np.save(f"response_{name}.npy", calibrate.process(frames, times=times))
