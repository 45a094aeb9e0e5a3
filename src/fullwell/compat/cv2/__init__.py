"""The HDR functions of OpenCV, under their names."""
