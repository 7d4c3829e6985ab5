"""Bars that the server draws."""

import re

import pytest

from panel.insights.bars import bars, rounded_up

COLOURS = {"答复": "#1a5fb4", "未答上": "#d97706"}


@pytest.mark.parametrize(
    ("number", "top"),
    [(0, 1), (1, 1), (2, 2), (3, 4), (9, 10), (10, 10), (11, 20), (99, 100), (101, 200), (559, 600), (100_000, 100_000)],
)
def test_the_scale_ends_at_a_round_number(number, top):
    assert rounded_up(number) == top


def test_bars_stand_on_each_other_up_to_their_sum():
    drawn = bars(["11-27", "11-28"], {"答复": [0, 30], "未答上": [0, 10]}, COLOURS)
    pieces = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="([\d.]+)" fill="(#\w+)"', drawn)
    assert pieces == [("1.12", "25.00", "75.00", "#1a5fb4"), ("1.12", "0.00", "25.00", "#d97706")]
    assert "<title>11-28\n答复 30\n未答上 10</title>" in drawn
    assert "<title>11-27\n答复 0\n未答上 0</title>" in drawn
    assert drawn.count('<i style="background:') == 2


def test_long_series_name_some_days_each_below_its_bar():
    days = [f"{number:03d}" for number in range(365)]
    drawn = bars(days, {"答复": [1] * 365}, COLOURS)
    shown = re.findall(r'<span style="left:([\d.]+)%">(\d{3})</span>', drawn)
    assert (len(shown), shown[0], shown[-1]) == (8, ("0.14", "000"), ("88.36", "322"))
    assert 'bars-legend"></div>' in drawn, "one series needs no legend"


def test_nothing_to_show_is_an_empty_scale():
    assert "<rect" not in bars([], {"答复": []}, COLOURS)


def test_markup_in_labels_stays_text():
    assert "<b>" not in bars(["<b>"], {"答复": [1]}, COLOURS)
