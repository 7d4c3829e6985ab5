"""Learns which words of replies go with which words of questions (`retrieval.associations`).

Ridge regression from the terms of a question to the terms of its reply, in its dual form, cut to the strongest directions. It is the
linear kin of the translation models for question retrieval (Xue, Jeon & Croft 2008).
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from retrieval.associations import Associations

Floats = npt.NDArray[np.float64]
LEAST_FREQUENCY = 3
MOST_ASKED, MOST_TOLD = 3000, 4000
MOST_EXAMPLES = 2500
RIDGE = 1.0
RANK = 64


def learn_associations(
    asked: Sequence[Mapping[str, int]], told: Sequence[Mapping[str, int]], *, rank: int = RANK, ridge: float = RIDGE
) -> Associations | None:
    """Args: asked, told: the terms of each question and of its reply. Returns: None where there is too little to learn from."""
    if len(asked) > MOST_EXAMPLES:
        chosen = np.random.default_rng(0).choice(len(asked), MOST_EXAMPLES, replace=False)
        asked, told = [asked[i] for i in chosen], [told[i] for i in chosen]
    asked_terms, told_terms = _frequent(asked, MOST_ASKED), _frequent(told, MOST_TOLD)
    if min(len(asked_terms), len(told_terms)) <= rank or len(asked) <= rank:
        return None
    questions, asked_idf = _weighed(asked, asked_terms)
    replies, told_idf = _weighed(told, told_terms)
    gram = (questions @ questions.T).toarray()
    centred = replies.toarray() - np.asarray(replies.mean(axis=0))
    solved = np.linalg.solve(gram + ridge * np.eye(len(gram)), centred)
    left, strength, below = randomized_svd(questions.T @ solved, rank, n_iter=3, random_state=0)
    return Associations(
        tuple(asked_terms), asked_idf.astype(np.float32), (left * strength).astype(np.float32),
        tuple(told_terms), told_idf.astype(np.float32), below.T.astype(np.float32),
    )  # fmt: skip


def _frequent(bags: Sequence[Mapping[str, int]], most: int) -> list[str]:
    frequency = Counter(term for bag in bags for term in bag)
    usable = [(n, term) for term, n in frequency.items() if n >= LEAST_FREQUENCY]
    return sorted(term for _, term in sorted(usable, key=lambda pair: (-pair[0], pair[1]))[:most])


def _weighed(bags: Sequence[Mapping[str, int]], terms: Sequence[str]) -> tuple[sparse.csr_matrix, Floats]:
    """Rows of unit length, presence times inverse frequency; and the inverse frequencies."""
    places = {term: i for i, term in enumerate(terms)}
    rows, columns = [], []
    for row, bag in enumerate(bags):
        found = sorted(places[term] for term in bag if term in places)
        rows += [row] * len(found)
        columns += found
    table = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(bags), len(terms)))
    idf = np.log((len(bags) + 1) / (np.asarray(table.sum(axis=0)).ravel() + 1))
    weighed = sparse.csr_matrix(table @ sparse.diags(idf))
    length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.maximum(length, 1e-9)) @ weighed), idf
