"""What can go wrong with knowledge entries."""

from collections.abc import Sequence
from dataclasses import dataclass

from errors import WenzhengError


class KnowledgeError(WenzhengError):
    """Root of the knowledge base's errors."""


@dataclass(frozen=True)
class FieldProblem:
    """One field (dotted path, for example `facets.fee`) and what is wrong with it, in Chinese."""

    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}：{self.reason}"


class ContentError(KnowledgeError):
    """An entry's content breaks the format; `problems` names every field."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__(
            "条目内容不合要求：" + "；".join(map(str, problems)) + "。", fix="按 docs/knowledge.md 的条目格式改正这些字段。"
        )
        self.problems = tuple(problems)


class UnknownEntryError(KnowledgeError):
    """No entry has this id."""

    def __init__(self, entry_id: int | str) -> None:
        super().__init__(f"没有编号为 {entry_id} 的知识条目。", fix="核对编号；可用 `wenzheng kb status` 或检索接口查找条目。")


class DuplicateExternalIdError(KnowledgeError):
    """Another entry already carries this external id."""

    def __init__(self, external_id: str) -> None:
        super().__init__(f"外部编号 {external_id} 已被另一条目使用。", fix="修改原条目，或换一个外部编号。")


class WorkflowError(KnowledgeError):
    """The entry's state does not allow this step."""


class NotAllowedError(KnowledgeError):
    """The actor's role does not allow this step, for example publishing one's own text."""


class VectorError(KnowledgeError):
    """Vectors are missing or do not fit the encoder."""


class ImportFileError(KnowledgeError):
    """A file cannot be read at all (encoding, header, format); nothing was imported."""


class ProfileError(KnowledgeError):
    """A profile (mapping file) is missing or malformed."""


class ExportError(KnowledgeError):
    """Entries cannot be written to the wanted format."""


class SampleError(KnowledgeError):
    """The sample knowledge cannot be loaded or removed."""
