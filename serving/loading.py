"""From a decision to what can be put to use: the run's bundle, checked, as values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from retrieval.encoder import Encoder, OnnxEncoder
from retrieval.fusion import Fusion
from retrieval.ranking import Ranking
from serving.pointer import Served
from serving.runs import Run, RunStore


@dataclass(frozen=True)
class DialogueModel:
    """A Rasa model by name; the file lies where Rasa can read it."""

    name: str
    file: Path


@dataclass(frozen=True)
class ServedSet:
    """Everything that changes together. Attributes: dialogue: None: Rasa is not prepared on this machine."""

    served: Served
    encoder: Encoder
    ranking: Ranking
    dialogue: DialogueModel | None

    @property
    def labels(self) -> Mapping[str, str]:
        """For the record of an answer."""
        names = {"run": self.served.run_id or "built-in", "generation": str(self.served.generation)}
        return names | ({"dialogue": self.dialogue.name} if self.dialogue else {})


DIALOGUE_SOURCES = "dialogue_sources"  # in a run's environment: fingerprint of what its Rasa model was made with


@dataclass(frozen=True)
class OwnDialogue:
    """The program's own Rasa model. Attributes: sources: fingerprint of config.yml, domain/, data/ and dialogue/ as they are now."""

    model: DialogueModel | None = None
    sources: str | None = None


def dialogue_of(run: Run, own: OwnDialogue) -> DialogueModel | None:
    """The run's Rasa model, or the program's own: when the run has none, or when an update has changed what it was made with.

    Raises: BundleError.
    """
    model, made_with = run.bundle().rasa_model, run.environment.get(DIALOGUE_SOURCES)
    if model is None or (made_with is not None and own.sources is not None and made_with != own.sources):
        return own.model
    return DialogueModel(run.run_id, model)


class SetLoader:
    """Loads what a decision names.

    Args:
        encoder: the configured one, for runs that bring none along.
        dialogue: finds the program's own Rasa model.
    """

    def __init__(self, runs: RunStore, encoder: Encoder, dialogue: Callable[[], OwnDialogue] = OwnDialogue) -> None:
        self._runs, self._encoder, self._dialogue = runs, encoder, dialogue

    def load(self, served: Served) -> ServedSet:
        """Blocks; reads and checks every file of the bundle.

        Raises: UnknownRunError, BundleError, RetrievalError: nothing of the run may be used.
        """
        if served.run_id is None:
            ranking = Ranking.untrained(Fusion.load(), self._encoder.dimension)
            return ServedSet(served, self._encoder, ranking, self._dialogue().model)
        run = self._runs.get(served.run_id)
        bundle = run.bundle()
        bundle.check()
        encoder = OnnxEncoder(bundle.encoder_folder) if bundle.encoder_folder else self._encoder
        return ServedSet(served, encoder, bundle.ranking(encoder.hash), dialogue_of(run, self._dialogue()))
