"""Errors of training."""

from errors import WenzhengError


class TrainingError(WenzhengError):
    """Root of the family."""


class ExportError(TrainingError):
    """A model cannot be turned into an encoder folder."""


class TrainingDataError(TrainingError):
    """Questions or entries do not fit the training; names the file."""


class RunFolderError(TrainingError):
    """A folder is not what a training wrote, or already holds something else."""
