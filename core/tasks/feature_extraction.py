"""Feature extraction: a vector for each text; texts that mean alike lie close together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from core.tasks.sentences import SentencePipe, Sentences, load_sentence_model, read, vectors_of
from core.tasks.spec import Example, Parameters, Task
from core.values import Embeddings, Text, Value


class Texts(Value):
    """Hold several texts."""

    texts: tuple[Text, ...] = Field(
        title="Your texts",
        description="One text a line",
        min_length=1,
        max_length=100,
        json_schema_extra={"rows": 8},
    )


class FeatureExtractionParameters(Parameters):
    """Tune feature extraction."""

    pooling: Literal["automatic", "mean", "cls", "max"] = Field(
        "automatic",
        description="How the vectors of a text's tokens become one: their mean, the first one, or the largest values; "
        "automatic: as the model's makers say, else the mean.",
    )
    normalize: bool = Field(True, description="Bring every vector to length 1.")


def prepare(
    pipe: SentencePipe,
    inputs: Texts,
    parameters: FeatureExtractionParameters,  # noqa: ARG001  # they say what is made of the vectors
) -> Sentences:
    """Tokenise an input's texts."""
    return read(pipe, [text.text for text in inputs.texts])


def run(pipe: SentencePipe, inputs: Sequence[Sentences], parameters: FeatureExtractionParameters) -> list[Embeddings]:
    """Return the vectors of each input's texts."""
    pooling = None if parameters.pooling == "automatic" else parameters.pooling
    found = (vectors_of(pipe, texts, pooling=pooling, normalize=parameters.normalize) for texts in inputs)
    return [Embeddings.from_array(vectors.array, note=vectors.note) for vectors in found]


TASK = Task(
    id="feature-extraction",
    modality="text",
    title="Feature extraction",
    summary="Turns texts into vectors, and shows which of them mean alike.",
    icon=":material/scatter_plot:",
    input=Texts,
    parameters=FeatureExtractionParameters,
    output=Embeddings,
    examples=(
        Example(
            "Weather and food",
            {
                "texts": (
                    "It has been raining since Monday.",
                    "The storm took half of our roof.",
                    "Take an umbrella with you.",
                    "The soup needs more salt.",
                    "She bakes her own bread.",
                    "Dinner is at seven.",
                )
            },
        ),
        Example(
            "Questions to a library",
            {
                "texts": (
                    "How long may I keep a book?",
                    "When do I have to bring it back?",
                    "Can I get a card without an address?",
                    "Where do I register?",
                    "Is the reading room open on Sundays?",
                )
            },
        ),
        Example(
            "One thing in three languages",
            {
                "texts": (
                    "The cat is asleep on the sofa.",
                    "Die Katze schläft auf dem Sofa.",
                    "Le chat dort sur le canapé.",
                    "The train leaves at noon.",
                    "Der Zug fährt um zwölf.",
                    "Le train part à midi.",
                )
            },
        ),
    ),
    load=load_sentence_model,
    run=run,
    prepare=prepare,
    concurrent=True,
    batches=False,  # one input is a batch already
)
