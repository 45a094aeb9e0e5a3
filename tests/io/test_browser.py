"""HDR pictures in a browser: headless Chromium decodes them, and says where they are brighter than white."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from fullwell.color import srgb_encode
from fullwell.image import Picture, Radiance
from fullwell.io import Encoding, HdrPicture, write

PATCHES = (0.25, 1.0, 2.0, 4.0)  # light over diffuse white
SIDE = 48
PAGE = """<!doctype html>IMAGES<pre id="said">nothing</pre><script>
function look(image) {
  if (!image.naturalWidth) return {error: "not decoded"};
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl || !gl.getExtension("EXT_color_buffer_float")) return {error: "no WebGL"};
  const texture = gl.createTexture(), green = [], pixel = new Float32Array(4);
  gl.bindTexture(gl.TEXTURE_2D, texture);  // of half floats, to which no display's limits are applied
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA16F, gl.RGBA, gl.HALF_FLOAT, image);
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
  for (let k = 0; k < PATCHES; k++) {
    gl.readPixels(SIDE * k + SIDE / 2, SIDE / 2, 1, 1, gl.RGBA, gl.FLOAT, pixel);
    green.push(pixel[1]);
  }
  return {size: [image.naturalWidth, image.naturalHeight], green: green};
}
window.onload = () => {  // when all images are there
  const said = {};
  for (const image of document.images) {
    try { said[image.id] = look(image); } catch (failed) { said[image.id] = {error: String(failed)}; }
  }
  document.getElementById("said").textContent = JSON.stringify(said);
};
</script>"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """What Chromium says of one scene in all formats: size, and green of every patch, sRGB beyond 1 included."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        pytest.skip("Chromium is not installed")
    folder = tmp_path_factory.mktemp("browser")
    light = np.repeat(np.array(PATCHES, np.float32), SIDE)[None, :, None] * np.ones((SIDE, 1, 3), np.float32)
    hdr = HdrPicture(Radiance(light), Picture(np.minimum(light, 1.0)), 1.0)
    kinds = {"avif": "image/avif", "jxl": "image/jxl", "png": "image/png", "jpg": "image/jpeg"}
    images = []
    for extension, kind in kinds.items():
        write(hdr, folder / f"a.{extension}", Encoding(hdr=True))
        data = base64.b64encode((folder / f"a.{extension}").read_bytes()).decode()
        images.append(f'<img id="{extension}" src="data:{kind};base64,{data}">')
    page = folder / "page.html"
    text = PAGE.replace("PATCHES", str(len(PATCHES))).replace("SIDE", str(SIDE))
    page.write_text(text.replace("IMAGES", "".join(images)))
    command = [
        chromium, "--headless=new", "--no-sandbox", "--enable-unsafe-swiftshader", "--no-first-run", "--disable-quic",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = re.search(r'<pre id="said">(.*?)</pre>', ran.stdout, re.DOTALL)
    assert found, ran.stderr[-2000:]
    if found[1] == "nothing":
        pytest.skip("this Chromium ran no script")
    return json.loads(html.unescape(found[1]))


@pytest.mark.parametrize("extension", ["avif", "jxl", "png"])
def test_light_beyond_white_is_decoded(seen: dict[str, dict[str, object]], extension: str) -> None:
    """Diffuse white is the browser's 1.0, and what is brighter is as many times brighter."""
    if "error" in seen[extension]:
        pytest.skip(f"this Chromium says of {extension}: {seen[extension]['error']}")
    assert seen[extension]["size"] == [SIDE * len(PATCHES), SIDE]
    np.testing.assert_allclose(seen[extension]["green"], _extended(PATCHES), rtol=0.01)


def test_the_base_picture_of_ultra_hdr_is_decoded(seen: dict[str, dict[str, object]]) -> None:
    """Chromium applies gain maps on the screen only."""
    if "error" in seen["jpg"]:
        pytest.skip(f"this Chromium says of jpg: {seen['jpg']['error']}")
    assert seen["jpg"]["size"] == [SIDE * len(PATCHES), SIDE]
    np.testing.assert_allclose(seen["jpg"]["green"], _extended(np.minimum(PATCHES, 1)), rtol=0.01)


def _extended(light: object) -> np.ndarray:
    """The curve of sRGB, continued beyond 1."""
    return srgb_encode(light)
