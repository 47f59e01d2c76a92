"""The API described for people: one page made from its OpenAPI document, with nothing from elsewhere in it.

Owns the page's form. It needs no script and asks no other machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any, Final

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""What a browser may load for the page: nothing."""

_LONG: Final = 300
"""Characters after which the example of a body is cut on the page; the document has it whole."""

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #13211c; --wall: #fff; --quiet: #5a6a63; --line: #d3dcd8; --lit: #007358;
        --panel: #f2f5f3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8f0ec; --wall: #131a17; --quiet: #9fb0a8; --line: #33403a; --lit: #4fd8ab; --panel: #1d2622; } }
body { font: 16px/1.55 "Bricolage Grotesque", system-ui, sans-serif; color: var(--ink); background: var(--wall);
       max-width: 56rem; margin: 0 auto; padding: 2rem 1.25rem 6rem; }
h1 { font-size: 2.4rem; line-height: 1.1; margin: 0 0 .5rem; } h2 { margin: 3rem 0 .5rem; }
h3 { margin: 2rem 0 .25rem; } p { margin: .25rem 0 .75rem; } .quiet { color: var(--quiet); }
code, pre { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .875rem; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem;
      overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
.verb { color: var(--lit); font-weight: 700; } a { color: var(--lit); }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
td, th { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-top: 1px solid var(--line); }
nav ul { columns: 14rem; padding-left: 1.1rem; } summary { cursor: pointer; color: var(--quiet); }
"""


def page(document: dict[str, Any], address: str) -> str:
    """Return the page.

    Args:
        address: where this showcase is called, such as http://localhost:8501.
    """
    return "".join(_page(document, address))


def _page(document: dict[str, Any], address: str) -> Iterator[str]:
    tasks = {path: item["post"] for path, item in document["paths"].items() if "tags" in item.get("post", {})}
    title = escape(document["info"]["title"])
    yield f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}: the API</title>"
    yield f'<meta name=viewport content="width=device-width"><style>{_STYLE}</style></head><body>'
    yield f"<h1>{title}: the API</h1><p>{escape(document['info']['description'])}</p>"
    yield (
        "<p class=quiet>From this machine a call needs nothing. From another one send your key as"
        " <code>Authorization: Bearer</code> or <code>x-api-key</code>. All of this for machines:"
        " <a href=/api/openapi.json>openapi.json</a>. Each task is also a tool at <code>/mcp</code>, and"
        " <code>/v1</code> speaks OpenAI's protocol.</p>"
    )
    yield "<nav><h2>Tasks</h2><ul>"
    for operation in tasks.values():
        yield f'<li><a href="#{escape(operation["operationId"])}">{escape(operation["summary"])}</a></li>'
    yield "</ul></nav>"
    for path, operation in tasks.items():
        yield from _task(path, operation, address)
    yield "<h2>Other routes</h2><div class=wide><table>"
    for path, item in document["paths"].items():
        if path not in tasks:
            for verb, operation in item.items():
                words = operation.get("description") or operation.get("summary", "")
                yield f"<tr><td><span class=verb>{verb.upper()}</span> <code>{escape(path)}</code></td>"
                yield f"<td>{escape(words)}</td></tr>"
    yield "</table></div><h2>Errors</h2><p>Every refusal has one shape: <code>"
    yield '{"error": {"code", "message", "hint", "run_id"}}</code>.</p><div class=wide><table>'
    refusals = next(iter(tasks.values()))["responses"] if tasks else {}
    for status, refusal in refusals.items():
        if status != "200":
            yield f"<tr><td>{escape(status)}</td><td><code>{escape(refusal['description'])}</code></td></tr>"
    yield "</table></div></body></html>"


def _task(path: str, operation: dict[str, Any], address: str) -> Iterator[str]:
    content = operation["requestBody"]["content"]
    body = content["application/json"]
    examples = [example["value"] for example in body["examples"].values()]
    example = json.dumps(examples[0], ensure_ascii=False) if examples else '{"inputs": ...}'
    if len(example) > _LONG:
        example = f"{example[:_LONG]}…"
    yield f'<h3 id="{escape(operation["operationId"])}">{escape(operation["summary"])}</h3>'
    yield f"<p>{escape(operation['description'])}</p>"
    yield f"<pre><span class=verb>POST</span> {escape(path)}\n\ncurl {escape(address + path)} \\\n"
    yield f"     -H 'Content-Type: application/json' \\\n     -d {escape(_quoted(example))}</pre>"
    others = [kind for kind in content if kind != "application/json"]
    if others:
        yield f"<p class=quiet>Or the file itself as the body, as <code>{escape(', '.join(others))}</code>.</p>"
    parameters = body["schema"]["properties"]["parameters"].get("properties", {})
    if parameters:
        yield "<details><summary>Parameters</summary><div class=wide><table>"
        for name, about in parameters.items():
            default = json.dumps(about.get("default"), ensure_ascii=False)
            yield f"<tr><td><code>{escape(name)}</code></td><td>{escape(about.get('description', ''))}</td>"
            yield f"<td class=quiet>{escape(_range(about))}</td><td><code>{escape(default)}</code></td></tr>"
        yield "</table></div></details>"


def _range(about: dict[str, Any]) -> str:
    if "enum" in about:
        return " or ".join(map(str, about["enum"]))
    if "minimum" in about and "maximum" in about:
        return f"{about['minimum']:g} to {about['maximum']:g}"
    return str(about.get("type", ""))


def _quoted(text: str) -> str:
    """Return a text as a shell takes it."""
    return "'" + text.replace("'", "'\\''") + "'"
