"""Learns which words of replies go with which words of questions (`retrieval.associations`).

Ridge regression from the terms of a question to the terms of its reply, cut to the strongest directions. It is the linear kin of the
translation models for question retrieval (Xue, Jeon & Croft 2008).
"""

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import solve
from sklearn.utils.extmath import randomized_svd

from retrieval.associations import Associations

Floats = npt.NDArray[np.float64]
LEAST_FREQUENCY = 3
MOST_ASKED, MOST_TOLD = 3000, 4000
MOST_EXAMPLES = 10_000  # more would cost memory; the caller chooses
RIDGE = 1.0
RANK = 64


def learn_associations(
    asked: Sequence[Collection[str]], told: Sequence[Collection[str]], *, rank: int = RANK, ridge: float = RIDGE
) -> Associations | None:
    """Args: asked, told: the terms of each question and of its reply, each once. Returns: None where there is too little to learn from."""
    asked_terms, told_terms = _frequent(asked, MOST_ASKED), _frequent(told, MOST_TOLD)
    if min(len(asked_terms), len(told_terms)) <= rank or len(asked) <= rank:
        return None
    questions, asked_idf = _weighed(asked, asked_terms)
    replies, told_idf = _weighed(told, told_terms)
    left, strength, below = randomized_svd(_ridge(questions, replies, ridge), rank, n_iter=3, random_state=0)
    return Associations(
        tuple(asked_terms), asked_idf.astype(np.float32), (left * strength).astype(np.float32),
        tuple(told_terms), told_idf.astype(np.float32), below.T.astype(np.float32),
    )  # fmt: skip


def _ridge(questions: sparse.csr_matrix, replies: sparse.csr_matrix, ridge: float) -> Floats:
    """The map (terms of questions, terms of replies), by whichever of its two forms has the smaller system to solve."""
    mean = np.asarray(replies.mean(axis=0))
    examples, terms = questions.shape
    if examples <= terms:
        gram = (questions @ questions.T).toarray() + ridge * np.eye(examples)
        return np.asarray(questions.T @ solve(gram, replies.toarray() - mean, assume_a="pos"))
    gram = (questions.T @ questions).toarray() + ridge * np.eye(terms)
    together = (questions.T @ replies).toarray() - np.outer(np.asarray(questions.sum(axis=0)).ravel(), mean)
    return np.asarray(solve(gram, together, assume_a="pos"))


def _frequent(bags: Sequence[Collection[str]], most: int) -> list[str]:
    frequency = Counter(term for bag in bags for term in bag)
    usable = [(n, term) for term, n in frequency.items() if n >= LEAST_FREQUENCY]
    return sorted(term for _, term in sorted(usable, key=lambda pair: (-pair[0], pair[1]))[:most])


def _weighed(bags: Sequence[Collection[str]], terms: Sequence[str]) -> tuple[sparse.csr_matrix, Floats]:
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
