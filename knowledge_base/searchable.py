"""The text of an entry as staff search it: one spelling for letters, widths, brackets and spaces."""

import unicodedata

from knowledge_base.content import EntryContent

_BRACKETS = str.maketrans("[]【】〔〕〈〉《》{}", "()()()()()()")  # NFKC has made （） and ［］ narrow before
MAX_TERMS = 8


def searchable(text: str) -> str:
    """Lower case, NFKC, all brackets round, no white space: 国发［2001］21号 and 国发〔2001〕 21号 are one."""
    return "".join(unicodedata.normalize("NFKC", text).lower().translate(_BRACKETS).split())


def search_terms(text: str) -> list[str]:
    """The words of a query that must all occur."""
    return list(dict.fromkeys(term for part in text.split()[:MAX_TERMS] if (term := searchable(part))))


def search_text(content: EntryContent) -> str:
    """Everything of an entry that staff may look for; a line a field, so that no word spans two of them."""
    source, facets = content.source.model_dump().values(), content.facets.model_dump().values()
    conditions = [part.text for part in content.eligibility]
    values = (
        content.title, content.external_id, content.similar_questions, content.answer, *facets, *source, content.authority,
        content.owner_department, content.tags, content.audience, content.replaced_by, conditions,
    )  # fmt: skip
    lines = [line for value in values if value for line in ([value] if isinstance(value, str) else value)]
    return "\n".join(searchable(line) for line in lines)


def department_of(content: EntryContent) -> str | None:
    """Whose entry it is: the owner, or the authority where no owner is named."""
    return content.owner_department or content.authority
