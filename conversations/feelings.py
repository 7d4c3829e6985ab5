"""Words by which somebody needs a human without asking for one: anger, distress, and topics that only people may handle."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from conversations.errors import WordListError
from conversations.handoff import ANGER, DISTRESS, TOPIC

BUILTIN_FILE = Path(__file__).with_name("handoff_words.yml")
FILE_NAME = "handoff_words.yml"  # of an instance, in its data folder
_LISTS = {"topics": TOPIC, "distress": DISTRESS, "anger": ANGER}  # in order of precedence


@dataclass(frozen=True)
class HandoffWords:
    """Reason → words."""

    words: dict[str, tuple[str, ...]]

    @classmethod
    def load(cls, *files: Path) -> "HandoffWords":
        """Read and join lists; missing files are left out.

        Raises:
            WordListError: a file is no such list.
        """
        words: dict[str, tuple[str, ...]] = dict.fromkeys(_LISTS.values(), ())
        for file in (BUILTIN_FILE, *files):
            if file.exists():
                for name, reason in _LISTS.items():
                    words[reason] += _read(file).get(name, ())
        return cls(words)

    def reason_in(self, text: str) -> str | None:
        """Why a human is needed: topic, distress or anger; None for an ordinary message."""
        return next((reason for reason, words in self.words.items() if any(word in text for word in words)), None)


def _read(file: Path) -> dict[str, tuple[str, ...]]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        if not isinstance(content, dict) or set(content) - set(_LISTS):
            raise ValueError("；".join(_LISTS))
        lists = {name: tuple(str(word).strip() for word in words or ()) for name, words in content.items()}
        if not all(all(words) for words in lists.values()):
            raise ValueError("空词")
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, ValueError) as exc:
        raise WordListError(
            f"人工服务词表 {file.name} 无法读取：{str(exc).strip().splitlines()[0]}。",
            fix="按 docs/operations.md 的说明改正这个文件后重新启动；只能有 anger、distress、topics 三个列表。",
        ) from exc
    return lists
