"""What a search looks at besides vectors and words."""

from dataclasses import dataclass

from retrieval.associations import Associations


@dataclass(frozen=True)
class Extras:
    """Each only where a ranking weighs it.

    Attributes: single_characters: see `FusionWeights`; first: the first passage; places: whether other places are named.
    """

    single_characters: float = 1.0
    first: bool = False
    places: bool = False
    associations: Associations | None = None


NO_EXTRAS = Extras()
