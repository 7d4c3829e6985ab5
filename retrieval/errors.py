"""Errors of retrieval. Runs on Python 3.10 too."""

from errors import WenzhengError


class RetrievalError(WenzhengError):
    """Root of the family."""


class EncoderError(RetrievalError):
    """The encoder folder is missing, damaged or made for another version."""


class StaleIndexError(RetrievalError):
    """An index or a vector was made by another encoder than the one in use."""


class LexiconError(RetrievalError):
    """A lexicon file is malformed; names file and place."""


class EvaluationFileError(RetrievalError):
    """A question file is malformed; names file, line and field."""


class BundleError(RetrievalError):
    """A bundle of trained files is missing, damaged or of another version."""
