"""Bars of numbers over days, weeks or months: one SVG that the server draws, so that a page of figures loads no charting library."""

from collections.abc import Mapping, Sequence
from html import escape

PLOT = 100.0  # height of the drawing, in units of its own
THICKNESS = 0.76  # of the room that a bar has
MOST_LABELS = 8


def bars(labels: Sequence[str], series: Mapping[str, Sequence[int]], colours: Mapping[str, str]) -> str:
    """HTML of stacked bars.

    Args:
        series: name → a number for each label; they stand on each other in this order.
        colours: of the names.
    """
    totals = [sum(numbers) for numbers in zip(*series.values(), strict=True)]
    top = rounded_up(max(totals, default=0))
    drawn = "".join(
        _bar(at, label, {name: numbers[at] for name, numbers in series.items()}, colours, top) for at, label in enumerate(labels)
    )
    legend = (
        "".join(f'<span><i style="background:{colours[name]}"></i>{escape(name)}</span>' for name in series)
        if len(series) > 1
        else ""
    )
    grid = "".join(f'<line x1="0" x2="{len(labels)}" y1="{PLOT * share}" y2="{PLOT * share}" />' for share in (0, 0.5, 1))
    return (
        f'<div class="bars"><div class="bars-legend">{legend}</div>'
        f'<div class="bars-scale"><span>{top:,}</span><span>{_half(top)}</span><span>0</span></div>'
        f'<svg viewBox="0 0 {max(len(labels), 1)} {PLOT:g}" preserveAspectRatio="none" role="img">{grid}{drawn}</svg>'
        f'<div class="bars-labels">{_named(labels)}</div></div>'
    )


def rounded_up(number: int) -> int:
    """The next of 1, 2, 4, 6, 8, 10, 20, 40, … : its half is a whole number, but for 1."""
    size = 1
    while number > size * 10:
        size *= 10
    return next((step * size for step in (1, 2, 4, 6, 8) if number <= step * size), 10 * size)


def _bar(at: int, label: str, numbers: Mapping[str, int], colours: Mapping[str, str], top: int) -> str:
    """One bar, with what it says on the whole of its room for whoever points at it."""
    told = "\n".join([label, *(f"{name} {number:,}" for name, number in numbers.items())])
    pieces, y = [], PLOT
    for name, number in numbers.items():
        height = number / top * PLOT
        y -= height
        if number:
            pieces.append(
                f'<rect x="{at + (1 - THICKNESS) / 2:.2f}" y="{y:.2f}" width="{THICKNESS}" height="{height:.2f}" fill="{colours[name]}" />'
            )
    return f'<g>{"".join(pieces)}<rect class="bars-room" x="{at}" y="0" width="1" height="{PLOT:g}"><title>{escape(told)}</title></rect></g>'


def _half(top: int) -> str:
    return f"{top // 2:,}" if top > 1 else ""


def _named(labels: Sequence[str]) -> str:
    """At most eight of them, evenly apart, each below the middle of its bar."""
    step = -(-len(labels) // MOST_LABELS) or 1
    return "".join(
        f'<span style="left:{(at + 0.5) / len(labels):.2%}">{escape(labels[at])}</span>' for at in range(0, len(labels), step)
    )
