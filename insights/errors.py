"""The family of errors of gaps, answer bank, topics and figures."""

from errors import WenzhengError


class InsightError(WenzhengError):
    """Root of everything that can go wrong while reading the records or acting on what they tell."""


class LabelError(InsightError):
    """A label says what no label can say."""


class UnknownLabelError(InsightError):
    """No label has this number."""
