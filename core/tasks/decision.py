"""Decision: which option fits a situation, with a probability for each, from one look of a chat model.

The model is not asked to write: the probabilities are those of the options' labels (A, B, C, or Yes and No) as its
very next token. So a model serves whose labels are single tokens, which those of nearly all chat models are.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from pydantic import Field, JsonValue, field_validator

from core.errors import BadParameters, ModelUnavailable, TooLarge
from core.tasks.pipelines import load_model
from core.tasks.spec import Checkpoint, Example, Parameters, Task
from core.tasks.windows import token_limit
from core.values import Decision, Decisions, Label, Text, Value

KINDS: dict[str, JsonValue] = {
    "choice": "One of the options",
    "score": "A level: options from lowest to highest",
    "noul": "Yes or no, without options",
}
"""What a question may ask for, by transformers' name of it."""

MOST_OPTIONS = len(string.ascii_uppercase)


class DecisionInput(Value):
    """Be a situation, and the questions to decide in it."""

    state: Text = Field(
        title="Situation",
        description="What has happened: a message, a report",
        json_schema_extra={"rows": 6},
    )
    questions: tuple[Text, ...] = Field(
        title="Questions",
        description="What has to be decided?",
        min_length=1,
        max_length=10,
        json_schema_extra={"rows": 2},
    )


class DecisionParameters(Parameters):
    """Tune decision."""

    kind: str = Field(
        "choice", description="What the questions ask for.", json_schema_extra={"choices": KINDS, "prominent": True}
    )
    options: tuple[str, ...] = Field(
        ("reply today", "reply this week", "no reply needed"),
        max_length=MOST_OPTIONS,
        description="The options to choose from, in your own words.",
        json_schema_extra={"prominent": True},
    )

    @field_validator("kind")
    @classmethod
    def _check_kind(cls, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(f"it may be {', '.join(KINDS)}")
        return kind

    @field_validator("options")
    @classmethod
    def _check_options(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        if any(not option.strip() or len(option) > 500 for option in options):
            raise ValueError("an option has 1 to 500 characters")
        return tuple(dict.fromkeys(option.strip() for option in options))


def load(checkpoint: Checkpoint) -> Any:
    """Load a chat model, or one that was made to decide.

    Raises: ModelUnavailable if it takes no chat, if its labels are not single tokens, or if it brings an adapter.
    """
    from transformers import AutoTokenizer, pipeline, pipelines
    from transformers.decision import DecisionConfig, label_token_ids

    _, described, _ = pipelines.PIPELINE_REGISTRY.check_task("decision")
    config = DecisionConfig.from_pretrained(checkpoint.folder, local_files_only=True)
    if config.adapter:
        raise ModelUnavailable(
            "This model keeps its decisions in an adapter, which is not read here.",
            hint="Choose a model that is whole, or merge the adapter into it.",
        )
    tokenizer = AutoTokenizer.from_pretrained(checkpoint.folder, local_files_only=True, trust_remote_code=False)
    if config.chat_template is None and getattr(tokenizer, "chat_template", None) is None:
        raise ModelUnavailable("This model was not taught to converse.", hint="Choose a chat model.")
    model = load_model(described["pt"], checkpoint)
    pipe = pipeline("decision", model=model, tokenizer=tokenizer, device=checkpoint.device, decision_config=config)
    try:
        for labels in (config.labels.get("noul", ["Yes", "No"]), config.labels.get("choice", ["A", "B", "C"])):
            label_token_ids(tokenizer, tuple(labels))
    except ValueError as err:
        raise ModelUnavailable(
            "This model cannot decide: it writes the labels of options in several tokens.",
            hint="Choose another chat model.",
        ) from err
    return pipe


def run(pipe: Any, inputs: Sequence[DecisionInput], parameters: DecisionParameters) -> list[Decisions]:
    """Decide the questions of each situation."""
    return [_decisions(pipe, one, parameters) for one in inputs]


def _decisions(pipe: Any, asked: DecisionInput, parameters: DecisionParameters) -> Decisions:
    names = list(dict.fromkeys(question.text for question in asked.questions))
    request = {
        "state": asked.state.text,
        "questions": {name: {"instructions": name, **_criteria(parameters)} for name in names},
    }
    _refuse_long(pipe, request)
    answers = pipe(request)
    return Decisions(decisions=tuple(_decision(name, answers[name], parameters) for name in names))


def _criteria(parameters: DecisionParameters) -> dict[str, Any]:
    """Return the options as the pipeline takes them for this kind of question.

    Raises: BadParameters if there are fewer than two to choose from.
    """
    if parameters.kind == "noul":
        return {"type": "noul"}
    if len(parameters.options) < 2:
        raise BadParameters("Parameter 'options': there are fewer than two.", hint="Give two or more to choose from.")
    if parameters.kind == "score":
        return {"type": "score", "criteria": list(parameters.options)}
    return {"type": "choice", "criteria": dict.fromkeys(parameters.options)}


def _refuse_long(pipe: Any, request: dict[str, Any]) -> None:
    """Refuse a situation that is longer, with a question, than the model reads.

    Raises: TooLarge naming both lengths.
    """
    limit = token_limit(pipe.model, pipe.tokenizer)
    prompts = pipe.decision_config.prepare_inputs(request, pipe.tokenizer)
    longest = max(inputs["input_ids"].shape[-1] for inputs, _ in prompts)
    if longest > limit:
        raise TooLarge(
            f"The situation and a question are {longest} tokens long; this model reads {limit}.",
            hint="Shorten the situation.",
        )


def _decision(name: str, answer: dict[str, Any], parameters: DecisionParameters) -> Decision:
    if parameters.kind == "noul":
        shares = {"yes": answer["noul"], "no": 1.0 - answer["noul"]}
    elif parameters.kind == "score":
        shares = {parameters.options[int(level)]: share for level, share in answer["probabilities"].items()}
    else:
        shares = answer["probabilities"]
    best_first = sorted(shares.items(), key=lambda item: -item[1])
    options = tuple(Label(label=option, score=min(1.0, max(0.0, share))) for option, share in best_first)
    return Decision(name=name, answer=options[0].label, options=options)


_MESSAGE = (
    "Hello, I ordered a desk lamp on Monday and it arrived today with a broken shade. This is the second time. "
    "My daughter's exam is on Friday and she needs the light. Please tell me what you can do."
)

TASK = Task(
    id="decision",
    modality="text",
    title="Decision",
    summary="Decides a question about a situation, and says how likely each of your options is.",
    icon=":material/alt_route:",
    input=DecisionInput,
    parameters=DecisionParameters,
    output=Decisions,
    examples=(
        Example("A message", {"state": _MESSAGE, "questions": ("How soon does this message need a reply?",)}),
        Example(
            "Several questions",
            {
                "state": _MESSAGE,
                "questions": (
                    "Is the customer angry?",
                    "Is a refund wanted?",
                    "Is there a deadline?",
                ),
            },
            {"kind": "noul"},
        ),
        Example(
            "How severe?",
            {
                "state": "The heating in the school's east wing failed at seven. It is four degrees outside, and the "
                "spare part comes tomorrow.",
                "questions": ("How severe is this?",),
            },
            {"kind": "score", "options": ("an annoyance", "a problem for some", "lessons cannot be held", "a danger")},
        ),
    ),
    load=load,
    run=run,
    batches=False,  # transformers runs one prompt after the other
)
