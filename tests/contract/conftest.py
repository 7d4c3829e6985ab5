"""What all contract tests share."""

from collections.abc import Iterator

import pytest
from fastapi.dependencies import models


@pytest.fixture(autouse=True)
def _applications_are_let_go() -> Iterator[None]:
    """FastAPI remembers every route function it has seen, and with it a whole gateway: hundreds of tests took gigabytes."""
    yield
    for value in vars(models).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()
