"""The routes under `/v1`, and which models they list."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from core.api.openai.sound import FORM, READ_OUT, WRITTEN_DOWN, Speech, speak, transcribe
from core.api.openai.vectors import Embedding, embed
from core.api.openai.wanted import CHAT, TASK_IDS
from core.api.openai.writing import STREAMED, ChatCompletion, Completion, chat, complete
from core.api.problems import translate_errors
from core.catalog import ModelCard
from core.errors import UnknownName
from core.runtime import Runtime
from core.showcase import APP_VERSION


def openai_app(of: Runtime) -> FastAPI:
    """Return the application that is mounted at `/v1`."""
    app = FastAPI(
        title="Podium",
        version=APP_VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=lambda route: f"openai_{route.name}",
    )
    translate_errors(app)

    @app.get("/models")
    async def models() -> dict[str, Any]:
        """List the models that can be used here."""
        return {"object": "list", "data": [_described(card) for card in _cards(of)]}

    @app.get("/models/{model_id:path}")
    async def model(model_id: str) -> dict[str, Any]:
        """Describe one model."""
        card = next((card for card in _cards(of) if card.model_id == model_id), None)
        if card is None:
            raise UnknownName(f"There is no model '{model_id}' here.", hint="GET /v1/models lists them.")
        return _described(card)

    @app.post("/chat/completions", responses=STREAMED)
    async def chat_completions(request: Request, asked: ChatCompletion) -> Response:
        """Answer a conversation."""
        return await chat(of, request, asked)

    @app.post("/completions", responses=STREAMED)
    async def completions(request: Request, asked: Completion) -> Response:
        """Continue a text."""
        return await complete(of, request, asked)

    @app.post("/embeddings")
    async def embeddings(request: Request, asked: Embedding) -> Response:
        """Turn texts into vectors."""
        return await embed(of, request, asked)

    @app.post("/audio/transcriptions", responses=WRITTEN_DOWN, openapi_extra={"requestBody": FORM})
    async def transcriptions(request: Request) -> Response:
        """Write down what is said; the sound comes as a form's `file`."""
        return await transcribe(of, request)

    @app.post("/audio/speech", response_class=Response, responses=READ_OUT)
    async def speech(request: Request, asked: Speech) -> Response:
        """Read a text out."""
        return await speak(of, request, asked)

    return app


def add_chat_route(app: FastAPI, of: Runtime) -> None:
    """Add the address at which Hugging Face's client asks a text-generation task for a chat."""

    @app.post(f"/tasks/{CHAT}/v1/chat/completions", responses=STREAMED)
    async def chat_completions(request: Request, asked: ChatCompletion) -> Response:
        """Answer a conversation, in OpenAI's protocol."""
        return await chat(of, request, asked)


def _cards(of: Runtime) -> list[ModelCard]:
    return [card for card in of.showcase.catalog.cards if card.task_id in TASK_IDS]


def _described(card: ModelCard) -> dict[str, Any]:
    owner = card.model_id.partition("/")[0] if "/" in card.model_id else "podium"
    return {"id": card.model_id, "object": "model", "created": 0, "owned_by": owner, "task": card.task_id}
