"""Fetching one file of a repository into the Hub's cache, with its bytes counted as they arrive.

Owns the counting and the retries that the client does not make. A connection that closes early or
stalls is resumed by huggingface_hub itself, five times in a row at most; one that is reset is not.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.hub.files import Repository

MAX_TRIES = 3
"""How often a file is begun when its connection is reset."""


def fetch_file(
    repository: Repository, name: str, endpoint: str, cache_folder: Path, arrived: Callable[[int], None]
) -> Path:
    """Return where a file of `repository` is in the cache, fetched if it was not.

    `arrived` is told how many bytes of the file are here: fewer than before when it has to begin again.
    Raises: what huggingface_hub raises.
    """
    import httpx2
    from huggingface_hub import hf_hub_download

    def fetch() -> Path:
        counter = _counter(arrived)
        path = hf_hub_download(
            repository.model_id,
            name,
            revision=repository.commit,
            endpoint=endpoint,
            cache_dir=cache_folder,
            tqdm_class=counter,
        )
        return Path(path)

    for _ in range(MAX_TRIES - 1):
        with suppress(httpx2.ReadError):
            return fetch()
    return fetch()


def _counter(arrived: Callable[[int], None]) -> Any:
    """Return a class that stands in for tqdm in huggingface_hub and shows nothing."""

    class Counter:
        """Count bytes. `update` is told of bytes written, `update_transfer` of bytes on the wire."""

        def __init__(self, *_args: Any, initial: int = 0, total: int | None = None, **_options: Any) -> None:
            self.n = initial
            self.total = total

        def __enter__(self) -> Counter:
            return self

        def __exit__(self, *_exception: object) -> None:
            self.close()

        def update(self, count: float | None = 1) -> None:
            self.n += int(count or 0)
            arrived(self.n)

        def update_transfer(self, count: float | None = 1) -> None:
            """Ignore what is on the wire; the same bytes are counted when they are written."""

        def set_postfix_str(self, *_args: Any, **_options: Any) -> None:
            """Show nothing."""

        set_transfer_postfix_str = set_postfix_str
        refresh = set_postfix_str

        def close(self) -> None:
            """Hold nothing that needs closing."""

    return Counter
