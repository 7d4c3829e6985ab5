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


class StaleVersionError(KnowledgeError):
    """Somebody else changed the entry since it was read; nothing was written."""

    def __init__(self, entry_id: int, version: int, actor: str) -> None:
        super().__init__(
            f"条目 {entry_id} 已被{actor}改为第 {version} 版，您的修改没有保存。", fix="重新载入条目，对照后再修改。"
        )
        self.version = version


class ReviewMonthsError(KnowledgeError):
    """The setting of review periods cannot be read."""

    def __init__(self, part: str) -> None:
        super().__init__(
            f"复核周期写法有误：“{part}”。", fix="WENZHENG_REVIEW_MONTHS 写成 qa=12,notice=6 这样，类型=月数，月数 1 到 120。"
        )


class ScheduleError(KnowledgeError):
    """A publication cannot be planned for this time."""


class UnknownImportError(KnowledgeError):
    """No import has this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"没有编号为 {number} 的导入。", fix="在导入列表中核对编号。")


class ImportStateError(KnowledgeError):
    """The import's state does not allow this step."""


class NoticeError(KnowledgeError):
    """A document cannot be read or split."""


class UnknownDocumentError(KnowledgeError):
    """Nothing rests on this document number."""

    def __init__(self, number: str) -> None:
        super().__init__(f"没有条目依据或提到“{number}”。", fix="核对文号；括号写法（〔〕、[]、（））不影响查找。")


class UploadError(KnowledgeError):
    """An uploaded file is empty, too large or damaged."""
