"""The app with slow, quick and failing answerers: `python -m tests.browser.slow_app PORT`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import streamlit_app
from kb.generation.units import units
from kb.models import AnswerPart, RetrievalResult, RetrievedReference
from kb.screens.frame import shared_workbench
from tests.scripted import ScriptedGenerator

SECONDS = 0.8
SENTENCES = 60


def sentences(results: Sequence[RetrievalResult]) -> list[AnswerPart]:
    """Sentences of all results, each cited."""
    return [
        AnswerPart(
            text=result.text[span.start : span.end] + "\n\n",
            retrieved_references=(RetrievedReference(result=result, passage=span),),
        )
        for result in results
        for span in units(result.text)
    ][:SENTENCES]


if __name__ == "__main__":
    generators = shared_workbench().knowledge_base._generators
    generators["slow"] = ScriptedGenerator(sentences, seconds=SECONDS)
    generators["quick"] = ScriptedGenerator(lambda results: sentences(results)[:4])
    generators["failing"] = ScriptedGenerator(
        lambda results: sentences(results)[:2], failure="The model is gone; ask again."
    )
    streamlit_app.app.run(config={"server.port": int(sys.argv[1])})
