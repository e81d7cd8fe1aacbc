"""The walk through a `forest.Forest`, compiled."""

import numpy as np
import numpy.typing as npt

from scoring.engine.btyd import Floats
from scoring.engine.compiled import compiled
from scoring.engine.forest import DEEPEST, Forest, Record, Records, Singles

Sets = npt.NDArray[np.uint64]


@compiled
def ask_dates(questions: Records, dates: Singles, answers: Sets) -> None:
    """Per question, the set of `dates` (dates, inputs) that it sends left."""
    for number in range(len(questions)):
        answers[number] = _sent_left(questions[number], dates)


@compiled
def ask_customer(forest: Forest, dates: Singles, answers: Sets) -> None:
    """The same of the customer's own questions alone."""
    for number in forest.own:
        answers[number] = _sent_left(forest.questions[number], dates)


@compiled
def _sent_left(question: Record, dates: Singles) -> np.uint64:
    found = np.uint64(0)
    for date in range(len(dates)):
        value = dates[date, question.input]
        goes_left = (value <= question.threshold) | ((value != value) & question.missing_left)
        found |= np.uint64(goes_left) << np.uint64(date)
    return found


@compiled
def add_raw_scores(forest: Forest, inputs: Singles, answers: Sets, found: Floats) -> None:
    """Adds every tree's leaf to `found` (dates,) for one customer's `inputs`."""
    everywhere = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - len(found))
    waiting_nodes = np.empty(DEEPEST, dtype=np.int32)
    waiting_sets = np.empty(DEEPEST, dtype=np.uint64)
    common = 0.0
    for root in forest.roots:
        at, here, waiting = root, everywhere, 0
        while True:
            while at >= 0:
                node = forest.nodes[at]
                if node.asks < forest.static:
                    value = inputs[node.asks]
                    goes_left = (value <= node.threshold) | ((value != value) & node.missing_left)
                    at = node.left if goes_left else node.right
                else:
                    left = here & answers[node.asks - forest.static]
                    right = here ^ left
                    if right == 0:
                        at = node.left
                    elif left == 0:
                        at = node.right
                    else:
                        waiting_nodes[waiting], waiting_sets[waiting] = node.right, right
                        waiting += 1
                        at, here = node.left, left
            amount = forest.leaves[~at]
            if here == everywhere:
                common += amount
            else:
                for date in range(len(found)):
                    if (here >> np.uint64(date)) & np.uint64(1):
                        found[date] += amount
            if waiting == 0:
                break
            waiting -= 1
            at, here = waiting_nodes[waiting], waiting_sets[waiting]
    for date in range(len(found)):
        found[date] += common
