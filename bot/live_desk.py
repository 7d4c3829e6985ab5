"""The live desk put together."""

from dataclasses import dataclass
from typing import Any

from answering.answerer import Answerer
from answering.knowledge_index import KnowledgeIndex
from answering.suggesting import Suggester
from bot.authorization import TOKEN_MEMBER
from conversations.feelings import HandoffWords
from conversations.handoff_desk import HandoffDesk
from conversations.live import MessageFeed
from database.columns import utc_now
from database.engine import Database
from desk.agent_desk import AgentDesk
from desk.assist_links import AssistLinks
from desk.board import DeskBoard
from desk.conversation_view import Allowances, ConversationViews
from desk.listing import Lists
from desk.phone import PhoneDesk
from desk.phrases import Phrases
from desk.presence import Presence
from desk.suggestions import MessageSuggestions
from knowledge_base.entries import EntryStore
from staff.accounts import StaffAccounts


@dataclass(frozen=True)
class LiveDesk:
    """What routes and pages of the desk need."""

    lists: Lists
    board: DeskBoard
    presence: Presence
    views: ConversationViews
    suggestions: MessageSuggestions
    agents: AgentDesk
    phrases: Phrases
    phone: PhoneDesk
    assist: AssistLinks
    accounts: StaffAccounts

    @staticmethod
    def moment() -> str:
        """The server's time, by which pages tell how long somebody waits."""
        return utc_now().isoformat(timespec="milliseconds")

    def agents_listed(self) -> list[dict[str, Any]]:
        """Who may take conversations, and who has the desk open. Blocks."""
        online, holding = self.board.online() | self.presence.elsewhere(), self.views.holding()
        return [
            {
                "name": account.member.name, "display_name": account.member.display_name, "online": account.member.name in online,
                "holding": holding.get(account.member.name, 0),
            }
            for account in self.accounts.listed()
            if account.active and account.member.may("desk")
        ]  # fmt: skip


def build_live_desk(
    database: Database, entries: EntryStore, index: KnowledgeIndex, answerer: Answerer, handoffs: HandoffDesk, live: MessageFeed,
    accounts: StaffAccounts, words: HandoffWords, allowances: Allowances, secret: str,
) -> LiveDesk:  # fmt: skip
    """Nothing runs yet: the board is started with the application."""
    lists = Lists(words)
    presence = Presence(database)
    board = DeskBoard(database, lists, accounts.foundations, presence.say)
    live.listen(board.poke)
    views = ConversationViews(database, entries, lists, allowances)
    suggestions = MessageSuggestions(
        database, Suggester(index, entries, answerer), words, lambda: index.revision, lambda: index.model_ids
    )

    def may_take(name: str) -> bool:
        return any(a.active and a.member.name == name and a.member.may("desk") for a in accounts.listed())

    agents = AgentDesk(database, handoffs, suggestions, views, may_take=may_take, on_change=board.poke)
    assist = AssistLinks(database, secret, lambda name: name == TOKEN_MEMBER.name or may_take(name))
    return LiveDesk(
        lists,
        board,
        presence,
        views,
        suggestions,
        agents,
        Phrases(database),
        PhoneDesk(database, entries, answerer),
        assist,
        accounts,
    )
