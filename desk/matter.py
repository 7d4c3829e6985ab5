"""Whether what a citizen said names a matter, or only asks for a human, greets, thanks or rates."""

from functools import lru_cache

from conversations.manners import manner_of
from conversations.phrases import button_intent, rule_intent

_ABOUT_A_MATTER = frozenset({None, "complaint"})


@lru_cache(maxsize=4096)  # the same last words are looked at whenever anything changes
def names_a_matter(text: str) -> bool:
    """Pure; feelings are told apart elsewhere."""
    return bool(text) and manner_of(text) is None and button_intent(text) is None and rule_intent(text) in _ABOUT_A_MATTER
