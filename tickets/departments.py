"""Which department a ticket goes to: by the words of its story and the place it is about, from lists that staff extend."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from tickets.errors import DepartmentFileError

BUILTIN_FILE = Path(__file__).with_name("departments.yml")
FILE_NAME = "departments.yml"  # of an instance, in its data folder

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class Rule(BaseModel):
    """A department and the words that lead to it; with regions only for what is about one of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    department: _Text
    words: tuple[_Text, ...]
    regions: tuple[_Text, ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    fallback: _Text | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Departments:
    """Rules in order of precedence, and who takes what none of them knows."""

    rules: Sequence[Rule]
    fallback: str

    @classmethod
    def load(cls, *files: Path) -> "Departments":
        """Read lists; earlier files count more, missing ones are left out. The built-in list comes last.

        Raises:
            DepartmentFileError: a file is no such list.
        """
        read = [_read(file) for file in (*files, BUILTIN_FILE) if file.exists()]
        fallback = next(content.fallback for content in read if content.fallback)
        return cls([rule for content in read for rule in content.rules], fallback)

    def department_for(self, text: str, place: str = "") -> str:
        """The department whose rule fits best; among equals the first.

        Args:
            text: the story; place: where it happened, and the region if known.
        """
        best, best_score = self.fallback, (False, 0)
        for rule in self.rules:
            here = any(region in place or region in text for region in rule.regions)
            if rule.regions and not here:
                continue
            score = (here, _covered(rule.words, text))
            if score[1] and score > best_score:
                best, best_score = rule.department, score
        return best


def _covered(words: Sequence[str], text: str) -> int:
    """How many characters of the text the words cover; longer words count for more than several short ones inside them."""
    covered: set[int] = set()
    for word in words:
        at = text.find(word)
        while at >= 0:
            covered.update(range(at, at + len(word)))
            at = text.find(word, at + 1)
    return len(covered)


def _read(file: Path) -> _File:
    try:
        return _File.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as exc:
        raise DepartmentFileError(
            f"部门清单 {file.name} 无法读取：{str(exc).strip().splitlines()[0]}。",
            fix="按 docs/operations.md 的说明改正这个文件后重新启动。",
        ) from exc
