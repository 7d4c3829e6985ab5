"""Keeps one serving process at what the pointer names: prepares beside the turns, then exchanges everything at one moment."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol

import structlog

from answering.indexed_knowledge import IndexedKnowledge
from answering.knowledge_index import KnowledgeIndex
from background import BackgroundTask
from errors import WenzhengError
from knowledge_base.vectors import VectorStore, VectorWriter
from retrieval.encoder import Encoder
from retrieval.searcher import Searcher
from serving.loading import DialogueModel, ServedSet, SetLoader
from serving.pointer import Served, ServedPointer

FOLLOW_EVERY_S = 0.3
AGAIN_AFTER_S = 5.0  # after trouble, and between attempts to find a moment without turns under way
REPORT_EVERY_S = 30.0
PATIENCE_S = 1.5  # turns are held no longer than that for those that are being answered

log = structlog.get_logger(__name__)


class Dialogue(Protocol):
    """What is needed of `conversations.rasa_client.RasaClient`."""

    model: str | None
    lacks_model: bool

    async def load_model(self, name: str, file: str, keep: list[str]) -> bool: ...


class Gate(Protocol):
    """What is needed of `conversations.turn_gate.TurnGate`."""

    async def exchange(self, swap: Callable[[], Awaitable[None]], patience_s: float) -> bool: ...


class ModelFollower:
    """One a process. `take_up()` before the index is loaded, `start()` from inside the event loop.

    Args:
        build_searcher: an empty searcher for an encoder.
        worker: names this process for people.

    Attributes:
        trouble: why this process is not at what the pointer names.
    """

    def __init__(
        self, pointer: ServedPointer, loader: SetLoader, index: KnowledgeIndex, vectors: VectorStore, dialogue: Dialogue,
        gate: Gate, build_searcher: Callable[[Encoder], Searcher], worker: str,
    ) -> None:  # fmt: skip
        self._pointer, self._loader, self._index, self._vectors = pointer, loader, index, vectors
        self._dialogue, self._gate, self._build_searcher, self._worker = dialogue, gate, build_searcher, worker
        self._task = BackgroundTask(self._run)
        self._standby: tuple[str, IndexedKnowledge] | None = None
        self._before: ServedSet | None = None
        self.now: ServedSet | None = None
        self.trouble: str | None = None

    @property
    def generation(self) -> int:
        """Of the decision that this process answers by; -1: of none yet."""
        return self.now.served.generation if self.now else -1

    def take_up(self, current: ServedSet) -> None:
        """This is what the process begins with; the index was made with its encoder."""
        self._index.exchange(current.ranking, current.labels)
        self._dialogue.model = current.dialogue.name if current.dialogue else None
        self.now = current

    def start(self) -> None:
        self._task.start()

    async def stop(self) -> None:
        if await self._task.stop():
            with suppress(Exception):
                await asyncio.to_thread(self._pointer.leave, self._worker)

    async def step(self) -> bool:
        """Look once; returns whether this process is at what the pointer names."""
        wanted = await asyncio.to_thread(self._pointer.current)
        if self.now is None or (wanted.generation, wanted.run_id) != (self.generation, self.now.served.run_id):
            return await self._change_to(wanted)
        if self._dialogue.lacks_model and self.now.dialogue:
            await self._load_dialogue(self.now.dialogue)
        return True

    async def _run(self) -> None:
        reported = -REPORT_EVERY_S
        loop = asyncio.get_running_loop()
        while True:
            before, wait = (self.generation, self.trouble), FOLLOW_EVERY_S
            try:
                self.trouble = None if await self.step() else self.trouble
            except WenzhengError as exc:  # stay with what serves, look again later
                self.trouble, wait = str(exc), AGAIN_AFTER_S
            except Exception as exc:  # the outer edge: the database is away; it will come back
                self.trouble, wait = f"{type(exc).__name__}", AGAIN_AFTER_S
            if self.trouble and self.trouble != before[1]:
                log.warning("serving.behind", trouble=self.trouble)
            if (self.generation, self.trouble) != before or loop.time() - reported > REPORT_EVERY_S:
                with suppress(Exception):
                    await asyncio.to_thread(self._pointer.report, self._worker, self.generation, self.trouble)
                    reported = loop.time()
            await asyncio.sleep(wait)

    async def _change_to(self, wanted: Served) -> bool:
        made = await asyncio.to_thread(self._loader.load, wanted)
        standby = await asyncio.to_thread(self._beside, made.encoder)
        if made.dialogue is not None:
            await self._load_dialogue(made.dialogue)

        async def swap() -> None:
            await asyncio.to_thread(self._index.exchange, made.ranking, made.labels, standby)
            self._dialogue.model = made.dialogue.name if made.dialogue else None
            self._before, self.now, self._standby = self.now, made, None

        if not await self._gate.exchange(swap, PATIENCE_S):
            return False
        log.info("serving.exchanged", run=wanted.run_id, generation=wanted.generation)
        return True

    def _beside(self, encoder: Encoder) -> IndexedKnowledge | None:
        """The knowledge under this encoder, when it is not the one that serves: made once, kept until it is used."""
        if encoder.hash == self._index.model_ids["encoder"]:
            return None
        if self._standby is None or self._standby[0] != encoder.hash:
            searcher = self._build_searcher(encoder)
            self._standby = (encoder.hash, self._index.standby(searcher, VectorWriter(self._vectors, encoder)))
        return self._standby[1]

    async def _load_dialogue(self, wanted: DialogueModel) -> None:
        """Beside the model in use. Rasa may be away: it then starts with what the pointer names.

        Raises: DialogueModelError when Rasa refuses the file.
        """
        others = [one.dialogue for one in (self.now, self._before) if one is not None]
        await self._dialogue.load_model(wanted.name, str(wanted.file), [model.name for model in others if model])
