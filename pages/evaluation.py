"""Evaluation: ask a question set and see where the right pages, answers and refusals are lost."""

from kb.screens import frame
from kb.screens.evaluation import choice, results, running

ABOUT = (
    "Ask a set of questions whose answers you know: how far up the right page is, whether the "
    "answers hold, and whether the knowledge base is silent where it should be."
)

with frame.page("Evaluation", ABOUT) as bench:
    if not bench.status().chunks:
        frame.nothing_yet("There is nothing to ask yet: upload a document and sync it.")
    choice.take_added()
    choice.show(bench)
    running.show(bench.evaluation.task)
    results.show(bench)
