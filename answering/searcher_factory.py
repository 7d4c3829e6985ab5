"""Builds a searcher from settings: the same lexicon, fusion and encoder for serving, measuring and the command line."""

from pathlib import Path

from answering.regions import place_names
from retrieval.encoder import Encoder
from retrieval.fusion import Fusion
from retrieval.lexicon import BUILTIN_FOLDER, Lexicon
from retrieval.places import place_finder
from retrieval.searcher import Searcher
from settings import Settings


def lexicon_folders(settings: Settings) -> list[Path]:
    """The project's lexicon, then the one that this instance's staff keep in `<data folder>/lexicon`."""
    return [BUILTIN_FOLDER, settings.root / "lexicon"]


def build_searcher(settings: Settings, encoder: Encoder) -> Searcher:
    return Searcher(encoder, Fusion.load(), Lexicon.load(lexicon_folders(settings)), place_finder(place_names()))
