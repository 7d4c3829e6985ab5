"""Tests of the training extra run in .venv-train; nothing here or in the modules imports torch before a test does."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _few_threads():
    import torch

    torch.set_num_threads(1)  # two wait for each other on a busy machine, and the models are tiny
