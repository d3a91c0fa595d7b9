"""Frame of a plot with two axes: scales, grid, ticks, labels and the caption."""

import math
from dataclasses import dataclass

from webui.explorer.plots.drawing.axes import Scale, count_text
from webui.explorer.plots.drawing.canvas import HEIGHT, WIDTH, Canvas

__all__ = ["BOTTOM", "LEFT", "TOP", "Frame", "caption_of", "draw_caption", "significant"]

LEFT, TOP, BOTTOM = 100.0, 26.0, HEIGHT - 82.0
_RIGHT, _RIGHT_WITH_LEGEND = 18.0, 92.0
_MOST_CHARACTERS = 90
#: Numbers from this on would reach into the label of the vertical axis.
_WIDE = 1e6


@dataclass(frozen=True, slots=True)
class Frame:
    """Scales of the two axes."""

    x: Scale
    y: Scale

    @classmethod
    def of(
        cls,
        x: tuple[float, float],
        y: tuple[float, float],
        flags: frozenset[str],
        *,
        has_legend: bool = False,
        y_is_log: bool | None = None,
    ) -> "Frame":
        """Return the frame of two ranges, logarithmic or reversed as flags of the specification have it."""
        right = WIDTH - (_RIGHT_WITH_LEGEND if has_legend else _RIGHT)
        across, up = (LEFT, right), (BOTTOM, TOP)
        if "reversex" in flags:
            across = (right, LEFT)
        if "reversey" in flags:
            up = (TOP, BOTTOM)
        return cls(
            Scale(*x, *across, is_log="logx" in flags),
            Scale(*y, *up, is_log="logy" in flags if y_is_log is None else y_is_log),
        )

    @property
    def right(self) -> float:
        """The right end of the horizontal axis."""
        return max(self.x.begin, self.x.end)

    @property
    def data(self) -> dict[str, str]:
        """Positions and values for scripts that turn a rectangle into ranges."""
        frame = f"{LEFT:g} {TOP:g} {self.right:g} {BOTTOM:g}"
        return {"frame": frame, "x": _scale_text(self.x), "y": _scale_text(self.y)}

    def draw(self, canvas: Canvas, x_label: str, y_label: str) -> None:
        """Draw axes, grid and labels."""
        for tick in self.y.ticks(6, plain=_WIDE):
            at = self.y.place(tick.value)
            canvas.add("path", "grid", d=f"M{LEFT:g} {at:.1f}H{self.right:g}")
            canvas.write(tick.label, LEFT - 8, at + 5, "end")
        ticks = self.x.ticks(7)
        if max((len(tick.label) for tick in ticks), default=0) > 7:
            ticks = self.x.ticks(4)
        for tick in ticks:
            at = self.x.place(tick.value)
            canvas.add("path", "grid", d=f"M{at:.1f} {TOP:g}V{BOTTOM:g}")
            canvas.add("path", "axis", d=f"M{at:.1f} {BOTTOM:g}v5")
            is_at_end = at > self.right - 4 * len(tick.label)
            canvas.write(tick.label, self.right if is_at_end else at, BOTTOM + 21, "end" if is_at_end else "middle")
        middle = (LEFT + self.right) / 2
        canvas.write(_shortened(x_label, 60), middle, BOTTOM + 44, css="label")
        turned = f"translate(17 {(TOP + BOTTOM) / 2:g}) rotate(-90)"
        canvas.write(_shortened(y_label, 44), 0, 0, css="label", transform=turned)

    def draw_axes(self, canvas: Canvas) -> None:
        """Draw the lines of the axes, over what was drawn."""
        canvas.add("path", "axis", d=f"M{LEFT:g} {TOP:g}V{BOTTOM:g}H{self.right:g}")


def caption_of(rows: int, drawn: int, beyond: int, what: str = "") -> str:
    """Return how many rows are drawn, and why the others are not."""
    parts = [f"{count_text(drawn)} of {count_text(rows)} rows" if drawn != rows else f"{count_text(rows)} rows"]
    if beyond:
        parts.append(f"{count_text(beyond)} beyond the axes")
    if (missing := rows - drawn - beyond) > 0:
        parts.append(f"{count_text(missing)} without such values")
    if what:
        parts.append(what)
    return "; ".join(parts)


def draw_caption(canvas: Canvas, caption: str) -> None:
    """Write the caption below the plot."""
    canvas.write(_shortened(caption, _MOST_CHARACTERS), WIDTH / 2, HEIGHT - 12, css="small")


def significant(value: float) -> str:
    """Return a number in few characters."""
    if not math.isfinite(value):
        return ""
    return count_text(value) if 1000 <= value < 1e9 else f"{value:.3g}"


def _scale_text(scale: Scale) -> str:
    kind = "log" if scale.is_log else "linear"
    return f"{scale.low!r} {scale.high!r} {scale.begin:g} {scale.end:g} {kind}"


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
