"""Sentence similarity: how near several texts are to one, by the angle between their vectors."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from core.tasks.sentences import SentencePipe, Sentences, load_sentence_model, read, vectors_of
from core.tasks.spec import Example, Parameters, Task
from core.values import Similarities, Text, Value


class SourceAndSentences(Value):
    """Hold a sentence, and those that it is compared with."""

    source_sentence: Text = Field(title="Compare this", description="A sentence or a question")
    sentences: tuple[Text, ...] = Field(
        title="With these",
        description="One text a line",
        min_length=1,
        max_length=100,
        json_schema_extra={"rows": 7},
    )


class SentenceSimilarityParameters(Parameters):
    """Tune sentence similarity: there is nothing to tune."""


def prepare(
    pipe: SentencePipe,
    inputs: SourceAndSentences,
    parameters: SentenceSimilarityParameters,  # noqa: ARG001  # it has none
) -> Sentences:
    """Tokenise an input's source and its sentences, in this order."""
    return read(pipe, [inputs.source_sentence.text, *(sentence.text for sentence in inputs.sentences)])


def run(
    pipe: SentencePipe,
    inputs: Sequence[Sentences],
    parameters: SentenceSimilarityParameters,  # noqa: ARG001  # it has none
) -> list[Similarities]:
    """Compare each input's sentences with its source, in the order in which they were given."""
    return [_compared(pipe, one) for one in inputs]


def _compared(pipe: SentencePipe, texts: Sentences) -> Similarities:
    vectors = vectors_of(pipe, texts, pooling=None, normalize=True)
    scores = vectors.array[1:] @ vectors.array[0]
    return Similarities(scores=tuple(float(score) for score in scores.clip(-1, 1)), note=vectors.note)


TASK = Task(
    id="sentence-similarity",
    modality="text",
    title="Sentence similarity",
    summary="Ranks sentences by how close their meaning is to one of yours.",
    icon=":material/compare_arrows:",
    input=SourceAndSentences,
    parameters=SentenceSimilarityParameters,
    output=Similarities,
    examples=(
        Example(
            "A search without the words",
            {
                "source_sentence": "My parcel has not arrived.",
                "sentences": (
                    "How to follow a delivery on its way",
                    "Changing the password of your account",
                    "What to do if an order is late or lost",
                    "Our shops and when they are open",
                    "Sending something back within thirty days",
                ),
            },
        ),
        Example(
            "Said in other words",
            {
                "source_sentence": "The boat was too small for all of us.",
                "sentences": (
                    "There was not enough room on board.",
                    "We had the whole deck to ourselves.",
                    "The ship was painted blue.",
                    "Some of us had to stay on the shore.",
                ),
            },
        ),
        Example(
            "Which recipe?",
            {
                "source_sentence": "Something warm with what is left of the vegetables",
                "sentences": (
                    "Minestrone with beans and old bread",
                    "Lemon sorbet",
                    "Roast chicken for six",
                    "A curry of whatever the fridge holds",
                    "Cold cucumber salad",
                ),
            },
        ),
    ),
    load=load_sentence_model,
    run=run,
    prepare=prepare,
    concurrent=True,
    batches=False,  # one input is a batch already
)
