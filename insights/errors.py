"""The family of errors of gaps, answer bank, topics and figures."""

from errors import WenzhengError


class InsightError(WenzhengError):
    """Root of everything that can go wrong while reading the records or acting on what they tell."""


class LabelError(InsightError):
    """A label says what no label can say."""


class UnknownLabelError(InsightError):
    """No label has this number."""


class UnknownGapError(InsightError):
    """No group of missed questions has this number."""


class GapActionError(InsightError):
    """The step cannot be taken with this group, or with these questions."""


class UnknownProposalError(InsightError):
    """No proposal for the answer bank has this number, or no such message can become one."""


class ProposalStateError(InsightError):
    """The proposal was decided before."""


class UnknownTopicError(InsightError):
    """No analysis or topic has this number."""


class LetterFileError(InsightError):
    """A file of letters cannot be read."""


class FigureRangeError(InsightError):
    """A range of dates that figures cannot be computed for."""
