"""Summarization: says what a text says in fewer words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

from pydantic import Field, model_validator

from core.tasks.joining import begun_late
from core.tasks.passages import fits_in, passages_of
from core.tasks.sequences import Parted, SequencePipe, load_sequence_model, longest_input, write_each
from core.tasks.spec import Example, Newcomers, Parameters, Task, Watcher, nobody_comes
from core.values import Summary, Text


class SummarizationParameters(Parameters):
    """Tune summarization."""

    max_new_tokens: int = Field(130, ge=5, le=500, description="The most tokens of a summary, of each passage's.")
    min_new_tokens: int = Field(10, ge=0, le=200, description="The fewest tokens of a summary, of each passage's.")
    num_beams: int = Field(4, ge=1, le=8, description="Wordings that are tried side by side; more: better and slower.")
    length_penalty: float = Field(1.0, ge=0.0, le=3.0, description="Above 1 favours longer wordings, below 1 shorter.")
    no_repeat_ngram_size: int = Field(3, ge=0, le=10, description="Words in a row that may not come twice; 0: any may.")

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if self.min_new_tokens > self.max_new_tokens:
            raise ValueError("min_new_tokens must not be above max_new_tokens")
        return self


def run(pipe: SequencePipe, inputs: Sequence[Text], parameters: SummarizationParameters) -> list[Summary]:
    """Summarise each text; one longer than the model reads is summarised passage by passage."""
    return stream_together(pipe, inputs, parameters, [Watcher() for _ in inputs])


def stream_together(
    pipe: SequencePipe,
    inputs: Sequence[Text],
    parameters: SummarizationParameters,
    watchers: Sequence[Watcher],
    newcomers: Newcomers = nobody_comes,
) -> list[Summary]:
    """Do the same, emitting the summary of what was read so far of each before whoever watches, and of who joins."""
    most = longest_input(pipe)

    def parted(text: Text, watcher: Watcher) -> Parted:
        passages = _passages(pipe, text, most)
        return Parted(passages, partial(_summary, len(passages)), watcher)

    texts = [parted(text, watcher) for text, watcher in zip(inputs, watchers, strict=True)]
    return write_each(pipe, texts, begun_late(parted, newcomers), most=most, **_options(parameters))


def stream(
    pipe: SequencePipe,
    inputs: Text,
    parameters: SummarizationParameters,
    emit: Callable[[Summary], None],
    stopped: Callable[[], bool],
) -> Summary:
    """Summarise one text, emitting the summary of what was read so far."""
    return stream_together(pipe, [inputs], parameters, [Watcher(emit, stopped)])[0]


def _passages(pipe: SequencePipe, text: Text, most: int) -> list[str]:
    # T5 was told in words what to do; fine-tuned ones of its kind keep to it.
    prefix = "summarize: " if pipe.model.config.model_type == "t5" else ""
    fits = fits_in(pipe.tokenizer, most)
    return [prefix + passage for passage in passages_of(text.text, lambda passage: fits(prefix + passage))]


def _options(parameters: SummarizationParameters) -> dict[str, Any]:
    options: dict[str, Any] = parameters.model_dump()
    if parameters.num_beams == 1:  # transformers warns that a single beam has no wordings to favour
        del options["length_penalty"]
    return options


def _summary(passages: int, parts: Sequence[str]) -> Summary:
    note = f"Longer than the model reads at once: summarised in {passages} passages, one after the other."
    return Summary(text=" ".join(part for part in parts if part), note=note if passages > 1 else "")


TASK = Task(
    id="summarization",
    modality="text",
    title="Summarization",
    summary="Says what a long text says, in a few sentences.",
    icon=":material/short_text:",
    input=Text,
    parameters=SummarizationParameters,
    output=Summary,
    examples=(
        Example(
            "A village and its frogs",
            "For eleven years the village of Lower Marsh had complained about its frogs. They sang from March to July, "
            "from dusk to two in the morning, and no window was thick enough. Petitions were signed, and twice the "
            "council voted to drain the pond. Then, last spring, a professor of acoustics on a walking holiday asked "
            "the landlord of the only inn what the remarkable noise was. She came back with microphones. The frogs of "
            "Lower Marsh, she found, sing in four parts and keep time better than most choirs. A recording was played "
            "on the radio, and within a month the inn was booked until autumn. The council has now voted a third "
            "time: the pond is to be made larger. The petitioners, asked for a comment, said that they were renting "
            "out their bedrooms and sleeping in the next village.",
        ),
        Example(
            "Minutes of a meeting",
            "The meeting opened at nine with six of eight members present. Marta reported that the new ticket machine "
            "works but prints the date in the wrong order, so that every third visitor asks whether the ticket has "
            "expired; the supplier has promised a correction by Friday. Jonas presented the numbers for September: "
            "4,200 visitors, a tenth more than a year ago, although it rained on nineteen days. He believes that the "
            "rain was the reason. It was agreed to keep the longer opening hours until the end of the year and to "
            "decide again in January. The roof was discussed at length. Two offers have come in, one for repairing "
            "it in spring and one for replacing it altogether; the second costs four times as much. The members "
            "want a third opinion first, and Ines will ask for one. The meeting closed at a quarter past eleven.",
        ),
        Example(
            "How a lighthouse works",
            "A lighthouse does two things: it says that there is land, and it says which land. The first is done by "
            "being bright and high up. Since the earth is round, a lamp at sea level is lost after a few kilometres, "
            "while one on a tower of fifty metres can be seen for more than thirty. The second is done by rhythm. "
            "Every light on a coast flashes in its own pattern, written down in a list that sailors carry, so that "
            "two short flashes and a pause of eight seconds can mean one rock and no other. The flashes are not made "
            "by switching the lamp on and off. It burns steadily, and around it turns a set of lenses, invented by "
            "Augustin Fresnel in the eighteen-twenties, that gathers its light into a few beams and sweeps them over "
            "the water like the spokes of a wheel.",
            {"max_new_tokens": 60},
        ),
    ),
    load=load_sequence_model,
    run=run,
    stream=stream,
    stream_together=stream_together,
    writes=True,
)
