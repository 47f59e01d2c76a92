"""The call that does what a page does, written out: in Python, curl, JavaScript and as a tool call of MCP.

Owns the text of the snippets. What is put in are parts as a request sends them, with `File` where a file goes.
"""

from __future__ import annotations

import json
import pprint
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from core.reading import JSON_TYPE
from core.tasks.spec import Task
from core.values import OWN_NAMES, Audio, Image, Table, Value, Video, fields_of

KEY_VARIABLE: Final = "PODIUM_API_KEY"
"""The environment variable that a snippet takes the caller's key from, where the API asks for one."""

FILE_NAMES: Final[Mapping[type[Value], str]] = {
    Image: "picture.png",
    Audio: "sound.wav",
    Video: "film.mp4",
    Table: "table.csv",
}
"""What a file is called whose own name is not known."""

CLIENT_METHODS: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "text-classification": ("text_classification", frozenset({"top_k"})),
    "token-classification": ("token_classification", frozenset({"aggregation_strategy"})),
    "zero-shot-classification": (
        "zero_shot_classification",
        frozenset({"candidate_labels", "hypothesis_template", "multi_label"}),
    ),
    "fill-mask": ("fill_mask", frozenset({"top_k"})),
    "text-generation": (
        "text_generation",
        frozenset({"max_new_tokens", "do_sample", "temperature", "top_k", "top_p", "repetition_penalty"}),
    ),
    "image-classification": ("image_classification", frozenset({"top_k"})),
    "object-detection": ("object_detection", frozenset({"threshold"})),
    "audio-classification": ("audio_classification", frozenset({"top_k"})),
    "automatic-speech-recognition": ("automatic_speech_recognition", frozenset()),
}
"""Methods of huggingface_hub's client that take one thing and these parameters."""


@dataclass(frozen=True)
class File:
    """Stand for a file of the caller's."""

    name: str
    media_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Call:
    """Describe a call.

    Args:
        address: of the site, without a slash at its end.
        model_id: what `?model=` names; empty for the model that the task starts with.
        inputs: as `core.reading.read_value` takes them, with `File` for each file.
        parameters: those that differ from the defaults.
        needs_key: whether the caller has to show a key.
    """

    task: Task
    address: str
    model_id: str
    inputs: Any
    parameters: Mapping[str, Any] = field(default_factory=dict)
    needs_key: bool = False

    @property
    def url(self) -> str:
        """Return the address of the task's route."""
        model = f"?model={quote(self.model_id, safe='/')}" if self.model_id else ""
        return f"{self.address}/api/tasks/{self.task.id}{model}"

    @property
    def body(self) -> dict[str, Any]:
        """Return what is sent as JSON."""
        return {"inputs": self.inputs} | ({"parameters": dict(self.parameters)} if self.parameters else {})


def python_snippet(call: Call) -> str:
    """Write the call in Python: with huggingface_hub's client where it has a method for it, else with nothing."""
    method, known = CLIENT_METHODS.get(call.task.id, ("", frozenset()))
    if not method or not isinstance(call.inputs, str | File) or not set(call.parameters) <= known:
        return _plain_python(call)
    key = f', api_key=os.environ["{KEY_VARIABLE}"]' if call.needs_key else ""
    given = call.inputs.name if isinstance(call.inputs, File) else call.inputs
    arguments = "".join(f", {name}={_python(value)}" for name, value in call.parameters.items())
    lines = ["import os", ""] if call.needs_key else []
    lines += [
        "from huggingface_hub import InferenceClient",
        "",
        f"client = InferenceClient(model={call.url!r}{key})",
        f"print(client.{method}({given!r}{arguments}))",
    ]
    return "\n".join(lines) + "\n"


def curl_snippet(call: Call) -> str:
    """Write the call for curl in a POSIX shell."""
    head = f"curl {shlex.quote(call.url)}"
    if call.needs_key:
        head += f' -H "Authorization: Bearer ${KEY_VARIABLE}"'
    if isinstance(call.inputs, File) and not call.parameters:
        name = shlex.quote(f"@{call.inputs.name}")
        return f"{head} -H 'Content-Type: {call.inputs.media_type}' --data-binary {name}\n"
    text, files = _with_marks(call.body)
    document = json.dumps(text, ensure_ascii=False, indent=2)
    edge = "'END'"
    if files:  # the shell reads the files into the document, so what is special to it is told not to be
        for special in "\\`$":
            document = document.replace(special, f"\\{special}")
        for mark, file in files.items():
            document = document.replace(mark, f"$(base64 -w0 {shlex.quote(file.name)})")
        edge = "END"
    return f"{head} -H 'Content-Type: {JSON_TYPE}' -d @- <<{edge}\n{document}\nEND\n"


def javascript_snippet(call: Call) -> str:
    """Write the call in JavaScript, for Node."""
    text, files = _with_marks(call.body)
    document = json.dumps(text, ensure_ascii=False, indent=2)
    for mark, file in files.items():
        document = document.replace(f'"{mark}"', f"await file({json.dumps(file.name)})")
    key = f', Authorization: "Bearer " + process.env.{KEY_VARIABLE}' if call.needs_key else ""
    reading = (
        'import { readFile } from "node:fs/promises";\n\n'
        'const file = async (name) => (await readFile(name)).toString("base64");\n'
        if files
        else ""
    )
    return (
        f"{reading}const answer = await fetch({json.dumps(call.url)}, {{\n"
        f'  method: "POST",\n  headers: {{ "Content-Type": "{JSON_TYPE}"{key} }},\n'
        f"  body: JSON.stringify({document}),\n}});\nconsole.log(await answer.json());\n"
    )


def mcp_snippet(call: Call) -> str:
    """Write the call as a client of the Model Context Protocol sends it to `/mcp`."""
    fields = fields_of(call.task.input)
    named = call.inputs if fields[0].name else {OWN_NAMES[fields[0].atom]: call.inputs}
    arguments = {**named, **call.parameters} | ({"model": call.model_id} if call.model_id else {})
    text, files = _with_marks({"name": call.task.id, "arguments": arguments})
    document = json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": text}, ensure_ascii=False, indent=2
    )
    for mark, file in files.items():
        document = document.replace(mark, f"(the bytes of {file.name} in base64)")
    return document + "\n"


SNIPPETS: Final[Mapping[str, tuple[str, Callable[[Call], str]]]] = {
    "Python": ("python", python_snippet),
    "curl": ("bash", curl_snippet),
    "JavaScript": ("javascript", javascript_snippet),
    "MCP": ("json", mcp_snippet),
}
"""The languages, with the name by which each is coloured."""


def _plain_python(call: Call) -> str:
    text, files = _with_marks(call.body)
    body = pprint.pformat(text, width=88, sort_dicts=False)
    for mark, file in files.items():
        body = body.replace(repr(mark), f"file({file.name!r})")
    key = f', "Authorization": "Bearer " + os.environ["{KEY_VARIABLE}"]' if call.needs_key else ""
    imports = (["import base64"] if files else []) + ["import json"] + (["import os"] if call.needs_key else [])
    imports += ["from pathlib import Path"] if files else []
    reading = "\n\ndef file(name):\n    return base64.b64encode(Path(name).read_bytes()).decode()\n\n" if files else ""
    return (
        "\n".join([*imports, "from urllib.request import Request, urlopen"])
        + f"\n{reading}\nbody = {body}\n"
        + f'headers = {{"Content-Type": "{JSON_TYPE}"{key}}}\n'
        + f"with urlopen(Request({call.url!r}, json.dumps(body).encode(), headers)) as answer:\n"
        + "    print(answer.read().decode())\n"
    )


def _python(value: Any) -> str:
    return repr(list(value) if isinstance(value, tuple) else value)


def _with_marks(part: Any) -> tuple[Any, dict[str, File]]:
    """Return data with a mark in place of each file, and which file each mark stands for."""
    files: dict[str, File] = {}
    taken = repr(part)

    def marked(one: Any) -> Any:
        if isinstance(one, File):
            mark = f"FILE_{len(files)}"
            while mark in taken:
                mark += "_"
            files[mark] = one
            return mark
        if isinstance(one, Mapping):
            return {name: marked(value) for name, value in one.items()}
        return [marked(value) for value in one] if isinstance(one, list | tuple) else one

    return marked(part), files
