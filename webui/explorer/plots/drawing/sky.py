"""Drawing of rows on the sky: cells or points, the outline of the cells, and a grid of coordinates."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from lxml import etree
from numpy.typing import NDArray

from webui.explorer.plots.drawing.axes import Tick, linear_ticks
from webui.explorer.plots.drawing.canvas import HEIGHT, WIDTH, Canvas, message_drawing, points_path
from webui.explorer.plots.drawing.frame import caption_of, draw_caption, significant
from webui.explorer.plots.drawing.levels import LEVELS, ColourScale, scale_of
from webui.explorer.plots.drawing.outlines import outline_edges
from webui.explorer.plots.drawing.projections import Projection
from webui.explorer.plots.sky import Cap, SkyCells, SkyPoints, SkyRows
from webui.explorer.plots.specifications import PlotSpecification

__all__ = ["draw_sky"]

_LEFT, _TOP, _BOTTOM = 78.0, 26.0, HEIGHT - 70.0
_RIGHT = WIDTH - 92.0
#: Margin of maps of the whole sky.
_MARGIN = 40.0
_NO_POSITIONS = "No selected row has a position. Widen the selection."
_SAMPLES = 121
_MINUTES, _SECONDS = "\N{PRIME}", "\N{DOUBLE PRIME}"
_Doubles = NDArray[np.float64]


def draw_sky(found: SkyRows, specification: PlotSpecification) -> bytes:
    """Return the SVG document of rows on the sky."""
    cap, content = found.cap, found.content
    if cap is None or content is None:
        return message_drawing(specification.title, _NO_POSITIONS)
    left, right = (_LEFT, _RIGHT) if not cap.is_all_sky else (_MARGIN, WIDTH - _MARGIN)
    projection = Projection.of(cap, (left + right) / 2, (_TOP + _BOTTOM) / 2, right - left, _BOTTOM - _TOP)
    caption = caption_of(found.rows, found.drawn, found.beyond, _extent(cap, content))
    frame = f"{left:g} {_TOP:g} {right:g} {_BOTTOM:g}"
    data = {"kind": "sky", "frame": frame, "sky": projection.text, "caption": caption}
    if found.fields:
        data["fields"] = ";".join(f"{field.ra:.5f},{field.dec:.5f},{field.radius:.4g}" for field in found.fields)
    canvas = Canvas(f"{specification.title}. {caption}", data)
    inside = _draw_ground(canvas, projection)
    _draw_grid(canvas, inside, projection, cap)
    scale = _scale_of(found)
    if isinstance(content, SkyCells):
        _draw_cells(canvas, inside, projection, content, scale)
    else:
        _draw_points(canvas, inside, projection, content, scale)
    outline = "".join(_line(*_corner_places(projection, edge)) for edge in outline_edges(content, cap))
    canvas.add("path", "outline", inside, d=outline)
    for number, field in enumerate(found.fields, 1):
        _draw_number(canvas, projection, field, str(number))
    if scale is not None:
        scale.draw(canvas, _RIGHT + 14, _TOP, _BOTTOM) if not cap.is_all_sky else scale.draw_flat(canvas)
    draw_caption(canvas, caption)
    return canvas.document()


def _draw_ground(canvas: Canvas, projection: Projection) -> etree._Element:
    """Draw the frame, and return the group of what is clipped by it."""
    name = canvas.name("inside")
    clip = canvas.add("clipPath", id=name)
    group = canvas.add("g", clip_path=f"url(#{name})")
    for parent, css in ((clip, ""), (None, "frame")):
        if projection.is_all_sky:
            radius = projection.scale * math.sqrt(2)
            canvas.add("ellipse", css, parent, cx=projection.x, cy=projection.y, rx=2 * radius, ry=radius)
        else:
            canvas.add("rect", css, parent, x=_LEFT, y=_TOP, width=_RIGHT - _LEFT, height=_BOTTOM - _TOP)
    return group


def _draw_grid(canvas: Canvas, group: etree._Element, projection: Projection, cap: Cap) -> None:
    longitudes, latitudes = _coordinates(cap)
    if projection.is_all_sky:
        reach, samples = 180.0, np.linspace(-89.999, 89.999, _SAMPLES)
    else:
        reach = min(180.0, 2 * cap.radius / max(math.cos(math.radians(min(89.0, abs(cap.dec)))), 0.01))
        samples = np.linspace(max(-90.0, cap.dec - 2 * cap.radius), min(90.0, cap.dec + 2 * cap.radius), _SAMPLES)
    for tick in longitudes:
        x, y = projection.places(np.full(_SAMPLES, tick.value), samples)
        canvas.add("path", "grid", group, d=_line(x, y))
        if projection.is_all_sky:
            at = projection.places(np.array([tick.value]), np.array([0.0]))
            canvas.write(tick.label, float(at[0][0]), float(at[1][0]) - 4, css="small")
        elif (place := _crossing(y, x, _BOTTOM)) is not None and _LEFT + 8 < place < _RIGHT:
            canvas.write(tick.label, place, _BOTTOM + 19)
    along = np.linspace(projection.lon - reach, projection.lon + reach, _SAMPLES)
    for tick in latitudes:
        x, y = projection.places(along, np.full(_SAMPLES, tick.value))
        canvas.add("path", "grid", group, d=_line(x, y))
        if projection.is_all_sky:
            canvas.write(tick.label, float(x.min()) - 4, float(y[0]) + 4, "end", "small")
        elif (place := _crossing(x, y, _LEFT)) is not None and _TOP < place < _BOTTOM - 6:
            canvas.write(tick.label, _LEFT - 6, place + 5, "end")
    if not projection.is_all_sky:
        canvas.write("right ascension [deg]", (_LEFT + _RIGHT) / 2, _BOTTOM + 40, css="label")
        canvas.write("declination [deg]", 0, 0, css="label", transform=f"translate(16 {projection.y:g}) rotate(-90)")


def _coordinates(cap: Cap) -> tuple[list[Tick], list[Tick]]:
    """Return the meridians and parallels of the grid."""
    if cap.is_all_sky:
        meridians = [Tick(float(degrees), f"{degrees}°") for degrees in range(60, 360, 60)]
        return meridians, [Tick(float(d), f"{d:+d}°".replace("-", "\N{MINUS SIGN}")) for d in (-60, -30, 0, 30, 60)]
    low, high = max(-90.0, cap.dec - 1.5 * cap.radius), min(90.0, cap.dec + 1.5 * cap.radius)
    parallels = [tick for tick in linear_ticks(low, high, 7) if abs(tick.value) < 90]
    half = 1.6 * cap.radius / max(math.cos(math.radians(cap.dec)), 1e-6)
    if half > 60 or high >= 90 or low <= -90:
        return [Tick(float(degrees), f"{degrees}") for degrees in range(0, 360, 30)], parallels
    ticks = linear_ticks(cap.ra - half, cap.ra + half, 6)
    if max(len(tick.label) for tick in ticks) > 8:
        ticks = linear_ticks(cap.ra - half, cap.ra + half, 3)
    return [_on_circle(tick) for tick in ticks], parallels


def _on_circle(tick: Tick) -> Tick:
    """Return a tick of right ascension with a label between 0 and 360."""
    if 0 <= tick.value < 360:
        return tick
    decimals = len(tick.label.partition(".")[2])
    return Tick(tick.value, f"{tick.value % 360:.{decimals}f}")


def _scale_of(found: SkyRows) -> ColourScale | None:
    content = found.content
    cells = content if isinstance(content, SkyCells) else None
    return scale_of(
        counts=None if cells is None else cells.counts,
        means=None if cells is None else cells.means,
        colours=content.colours if isinstance(content, SkyPoints) else None,
        colour=None if found.colour is None else found.colour.label,
        rows="rows in a cell",
    )


def _draw_cells(
    canvas: Canvas, inside: etree._Element, projection: Projection, cells: SkyCells, scale: ColourScale | None
) -> None:
    from cdshealpix.nested import vertices

    if scale is None:
        return
    lon, lat = vertices(cells.cells.astype(np.uint64), np.uint8(cells.order))
    x, y = _corner_places(projection, np.stack([lon.deg, lat.deg], axis=-1))
    values = cells.counts.astype(np.float64) if cells.means is None else cells.means
    levels = scale.levels(values)
    group = canvas.add("g", "sky-cells", inside)
    paths = np.array([_polygon(*corners) for corners in zip(x.tolist(), y.tolist(), strict=True)], dtype=object)
    for level in range(LEVELS + 1):
        chosen = levels == level
        if chosen.any():
            canvas.add("path", f"{scale.kind}-{level}", group, d="".join(paths[chosen]))


def _draw_number(canvas: Canvas, projection: Projection, field: Cap, number: str) -> None:
    """Write the number of a field beside it."""
    ra = projection.lon + (field.ra - projection.lon + 180) % 360 - 180
    x, y = projection.places(np.array([ra]), np.array([min(89.9, field.dec + field.radius)]))
    canvas.write(number, float(x[0]), float(y[0]) - 12, css="label")


def _draw_points(
    canvas: Canvas, inside: etree._Element, projection: Projection, points: SkyPoints, scale: ColourScale | None
) -> None:
    ra = projection.lon + (points.ra - projection.lon + 180) % 360 - 180
    x, y = projection.places(ra, points.dec)
    group = canvas.add("g", "points", inside)
    if scale is None or points.colours is None:
        canvas.add("path", "plain", group, d=points_path(x, y))
        return
    levels = scale.levels(points.colours)
    for level in range(LEVELS + 1):
        chosen = levels == level
        if chosen.any():
            canvas.add("path", f"mean-{level}", group, d=points_path(x[chosen], y[chosen]))


def _corner_places(projection: Projection, corners: _Doubles) -> tuple[_Doubles, _Doubles]:
    """Return positions of corners in degrees, shape (…, 2); those of one cell stay together at the edge of the map."""
    first = corners[..., :1, 0]
    middle = projection.lon + (first - projection.lon + 180.0) % 360.0 - 180.0
    lon = middle + (corners[..., 0] - first + 180.0) % 360.0 - 180.0
    return projection.places(lon, corners[..., 1])


def _polygon(xs: list[float], ys: list[float]) -> str:
    """Return a closed path with relative coordinates, in tenths."""
    points = [(round(x, 1), round(y, 1)) for x, y in zip(xs, ys, strict=True)]
    steps = [f"{b[0] - a[0]:.1f} {b[1] - a[1]:.1f}".replace(".0", "") for a, b in pairwise(points)]
    return f"M{points[0][0]:g} {points[0][1]:g}l{' '.join(steps)}z"


def _line(x: _Doubles, y: _Doubles) -> str:
    return "".join(f"M{part}" for part in _pieces(x, y))


def _pieces(x: _Doubles, y: _Doubles) -> Iterator[str]:
    """Yield the parts of a line between points that are nowhere."""
    known = np.isfinite(x) & np.isfinite(y)
    for piece in np.split(np.arange(len(x)), np.flatnonzero(np.diff(known)) + 1):
        if len(piece) > 1 and known[piece[0]]:
            yield "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x[piece].tolist(), y[piece].tolist(), strict=True))


def _crossing(across: _Doubles, along: _Doubles, at: float) -> float | None:
    """Return where along a line its other coordinate has a value, or None."""
    with np.errstate(invalid="ignore"):
        places = np.flatnonzero((across[:-1] - at) * (across[1:] - at) <= 0)
    if not len(places):
        return None
    first = int(places[0])
    step = across[first + 1] - across[first]
    share = (at - across[first]) / step if step else 0.0
    return float(along[first] + share * (along[first + 1] - along[first]))


def _extent(cap: Cap, content: SkyCells | SkyPoints) -> str:
    size = "" if cap.is_all_sky else f"field of {_angle(2 * cap.radius)}"
    if isinstance(content, SkyPoints):
        return size
    return ", ".join(part for part in (size, f"cells of {_angle(content.width)}") if part)


def _angle(degrees: float) -> str:
    if degrees >= 1:
        return f"{significant(degrees)}°"
    return f"{significant(degrees * 60)}{_MINUTES}" if degrees * 60 >= 1 else f"{significant(degrees * 3600)}{_SECONDS}"
