"""Options that say what scale the radiance has and what is measured in it."""

from __future__ import annotations

from typing import Any

import click

from fullwell.errors import UsageError


def scale_options(command: Any) -> Any:
    """Options for a command that makes radiance; `scale_values` takes them up."""
    for option in reversed(
        (
            click.option(
                "--wb-match", type=click.Choice(["auto", "off"]), help="Match frames of other white balance. [auto]"
            ),
            click.option(
                "--scale", metavar="auto|NUMBER", help="What the middle exposure records as white. [auto: 1.0]"
            ),
            click.option("--scale-like", metavar="FILE", help="The scale of another radiance file of this camera."),
            click.option("--calibrate", metavar="X,Y,RADIUS=CD_M2", help="A meter reading of a spot of the result."),
            click.option(
                "--region", "regions", metavar="X,Y,W,H", multiple=True, help="Luminance of a box. Repeatable."
            ),
        )
    ):
        command = option(command)
    return command


def scale_values(
    wb_match: str | None, scale: str | None, scale_like: str | None, calibrate: str | None
) -> dict[str, dict[str, Any]]:
    """What the options set, by stage and parameter."""
    from fullwell.io import read_radiance
    from fullwell.scale import like

    values: dict[str, Any] = {}
    if scale == "auto":
        values |= {"factor": 1.0, "to_absolute": 0.0}
    elif scale is not None:
        try:
            values["factor"] = float(scale)
        except ValueError:
            raise UsageError(
                f"--scale: must be auto or a number that all values are multiplied by, got {scale!r}."
            ) from None
    if scale_like:
        values |= like(read_radiance(scale_like), scale_like)
    if calibrate is not None:
        values |= {"calibrate": calibrate, "constant": 0.0}
    stages = {"scale": values, "merge": {"wb_match": wb_match} if wb_match else {}}
    return {stage: v for stage, v in stages.items() if v}
