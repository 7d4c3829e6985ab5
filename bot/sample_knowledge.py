"""Loads the sample knowledge on a first start."""

from collections.abc import Callable

from bot.store_session import open_store
from knowledge_base.sample_knowledge import load_sample, wants_sample
from settings import Settings


def load_sample_if_empty(settings: Settings, say: Callable[[str], None]) -> None:
    """Nothing happens when the knowledge base has entries of its own, or the sample was removed once."""
    with open_store(settings, encoder=False) as store:
        if not wants_sample(store) or store.count():
            return
    with open_store(settings, encoder=True, report=say) as store:
        load_sample(store, lambda done, total: say(f"载入 {done}/{total} 条"))
