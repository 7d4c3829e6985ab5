"""Lets Rasa start without TensorFlow when its pipeline has no use for it: ten seconds and 0.4 GB less.

Rasa 3.6 imports TensorFlow and Keras with every component, because some components subclass their classes. For a pipeline
that has none of those components the names need only exist. Rasa 3.6.21 is the last of its line, so what it imports does not change.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ABSENT = frozenset({"tensorflow", "keras", "tensorflow_hub", "tensorflow_text", "tensorflow_addons", "jax"})
# Components of Rasa that work on numpy, scipy and scikit-learn alone; ours in `dialogue.` do too.
WITHOUT = frozenset({
    "JiebaTokenizer", "WhitespaceTokenizer", "RegexFeaturizer", "LexicalSyntacticFeaturizer", "CountVectorsFeaturizer",
    "LogisticRegressionClassifier", "KeywordIntentClassifier", "FallbackClassifier", "RegexEntityExtractor",
    "EntitySynonymMapper", "RulePolicy", "MemoizationPolicy", "AugmentedMemoizationPolicy",
})  # fmt: skip


def can_do_without(config: Mapping[str, Any]) -> bool:
    """Whether no component of this config.yml needs TensorFlow. An unknown one counts as needing it."""
    entries = [*(config.get("pipeline") or []), *(config.get("policies") or [])]
    return bool(entries) and all(_name(entry) in WITHOUT or _name(entry).startswith("dialogue.") for entry in entries)


def do_without() -> None:
    """From now on the modules of `ABSENT` import as empty shells. Must come before the first import of Rasa.

    Raises: RuntimeError when one of them has been imported already.
    """
    loaded = ABSENT & set(sys.modules)
    if loaded:
        raise RuntimeError(f"already imported: {sorted(loaded)}")
    sys.meta_path.insert(0, _ShellFinder())


def _name(entry: Any) -> str:
    return str(entry.get("name") if isinstance(entry, Mapping) else entry)


class _ShellClass(type):
    """A class with every attribute, so that `tf.keras.layers.Layer` is something that can be subclassed and annotated with."""

    def __getattr__(cls, name: str) -> Any:
        return _fresh(cls, name)

    def __getitem__(cls, _key: Any) -> Any:
        return cls


class _Shell(metaclass=_ShellClass):
    """Whatever is called: a decorator gives the function back, anything else is an object that does nothing."""

    def __new__(cls, *args: Any, **_kwargs: Any) -> Any:
        if cls.__module__ == __name__ and len(args) == 1 and callable(args[0]):
            return args[0]
        return super().__new__(cls)

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        pass

    def __call__(self, *args: Any, **_kwargs: Any) -> Any:
        return args[0] if len(args) == 1 and callable(args[0]) else self


class _ShellModule(types.ModuleType):
    __path__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        return _fresh(self, name)


def _fresh(owner: Any, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    made = _ShellClass(name, (_Shell,), {"__module__": __name__})
    setattr(owner, name, made)
    return made


class _ShellFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, name: str, _path: Iterable[str] | None = None, _target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name.split(".")[0] in ABSENT:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _ShellModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass
