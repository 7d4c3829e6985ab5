"""No message keeps a worker busy: every pattern that reads what strangers write gives up soon on long repetitions of its own words."""

import importlib
import inspect
import pkgutil
import re
import signal
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

PACKAGES = ("answering", "conversations", "enterprises", "tickets", "insights", "desk")
REPEATED = 40
MOST_SECONDS = 0.5
METHODS = ("search", "match", "fullmatch", "sub")
SAME_AS = {"finditer": "search", "findall": "search", "split": "sub"}


def modules() -> list[str]:
    return [
        found.name
        for package in PACKAGES
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
    ]


def patterns_in(value: Any) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif isinstance(value, dict | tuple | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from patterns_in(one)


def uses(module: ModuleType, name: str) -> set[str]:
    """How a module applies a pattern of that name; those in collections are applied by other names."""
    said = {SAME_AS.get(method, method) for method in re.findall(rf"\b{name}\.(\w+)\(", inspect.getsource(module))}
    return said & set(METHODS) or {"search", "match"}


def words_of(pattern: re.Pattern[str]) -> list[str]:
    return list(dict.fromkeys(re.findall(r"[\u4e00-\u9fff]{1,4}|[，,。0-9]", pattern.pattern)))


def ring(*_: object) -> None:
    raise TimeoutError


@pytest.mark.parametrize("name", modules())
def test_patterns_give_up_on_repetitions(name: str) -> None:
    module = importlib.import_module(name)
    late = []
    before = signal.signal(signal.SIGALRM, ring)
    try:
        for attribute, value in vars(module).items():
            for pattern in patterns_in(value):
                late += [f"{attribute}: {word} ({use})" for use in uses(module, attribute) for word in _late(pattern, use)]
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not late


def _late(pattern: re.Pattern[str], use: str) -> Iterator[str]:
    for word in words_of(pattern):
        text = f"{word * REPEATED}#"
        signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
        try:
            pattern.sub("", text) if use == "sub" else getattr(pattern, use)(text)
        except TimeoutError:
            yield word
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
