"""One object that talks to the Hub: is it there, what does a model consist of, fetch it.

Owns the requests, all through huggingface_hub's own client, so that its cache, tokens, proxies and
storage protocols are those that people already have. `files`, `problems` and `cached` say the rest.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

from core.errors import ModelUnavailable
from core.hub.cached import check_names, find_snapshot, write_ref
from core.hub.fetch import fetch_file
from core.hub.files import CONFIG, RepoFile, Repository, choose_files
from core.hub.problems import offline, translated
from core.hub.reach import REMEMBERED_S, WAIT_S, Reach

Progress = Callable[[int, int], None]
"""Told (bytes done, bytes in all) as a download goes on. It may raise to stop it."""

ABSENT_S = 1.0
"""Seconds for which a model that is not on this machine is taken not to have come."""

ABSENT_KEPT = 1000
"""How many such are remembered: ids are what visitors type."""

REQUEST_S = 10.0
"""How long a request for metadata may take; huggingface_hub's own default."""


def _nobody(_done: int, _total: int) -> None:
    """Hear progress and do nothing."""


def _report(progress: Progress, before: int, total: int, arrived: int) -> None:
    """Tell `progress` of bytes of one file, after the bytes of those before it."""
    progress(before + arrived, total)


class Hub:
    """Talk to one Hub.

    Args:
        endpoint: its URL; None: as HF_ENDPOINT says.
        cache_folder: where downloads are kept; None: as HF_HOME and HF_HUB_CACHE say.
        offline: never talk to it; None: as HF_HUB_OFFLINE says.
        clock: seconds, for how long an answer is remembered.
        free_bytes: tells how much room a folder's disk has.
    """

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        cache_folder: Path | None = None,
        offline: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self._endpoint = endpoint
        self._cache_folder = cache_folder
        self._offline = offline
        self._clock = clock
        self._free_bytes = free_bytes
        self._reach = Reach(self._answers, clock)
        self._refusals: dict[str, tuple[float, ModelUnavailable]] = {}
        self._absent: dict[tuple[str, str | None], float] = {}

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Build from the variables that huggingface_hub knows, without importing it.

        Source: huggingface_hub guide "Environment variables".
        """
        home = environment.get("HF_HOME")
        cache = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE")
        off = environment.get("HF_HUB_OFFLINE") or environment.get("TRANSFORMERS_OFFLINE") or ""
        if not cache and home:
            cache = str(Path(home) / "hub")
        return cls(
            endpoint=environment.get("HF_ENDPOINT"),
            cache_folder=Path(cache).expanduser() if cache else None,
            offline=off.upper() in ("1", "ON", "YES", "TRUE"),
        )

    @property
    def endpoint(self) -> str:
        """Return the URL of the Hub."""
        from huggingface_hub import constants

        return (self._endpoint or constants.ENDPOINT).rstrip("/")

    @property
    def cache_folder(self) -> Path:
        """Return the folder that downloads are kept in."""
        from huggingface_hub import constants

        return self._cache_folder or Path(constants.HF_HUB_CACHE)

    @property
    def is_off(self) -> bool:
        """Tell whether somebody switched the Hub off on this machine."""
        from huggingface_hub import constants

        return constants.HF_HUB_OFFLINE if self._offline is None else self._offline

    def reachable(self) -> bool:
        """Tell whether the Hub answers; waits two seconds at most and remembers for a minute."""
        return not self.is_off and self._reach.find_out()

    def reachable_now(self) -> bool | None:
        """Tell what is known without waiting: None until the first answer, which this call sends for."""
        return False if self.is_off else self._reach.now()

    def cached_snapshot(self, model_id: str, revision: str | None = None) -> Path | None:
        """Return the folder of a complete copy on this machine, None if there is none.

        What was not there is not looked for again within a second: every request asks, for every model of its task.

        Raises: UnknownName if that cannot be a model id or a revision.
        """
        at = self._absent.get((model_id, revision))
        if at is not None and 0 <= self._clock() - at < ABSENT_S:
            return None
        check_names(model_id, revision)
        found = find_snapshot(self.cache_folder, model_id, revision)
        if found is None:
            if len(self._absent) >= ABSENT_KEPT:
                self._absent.clear()
            self._absent[model_id, revision] = self._clock()
        return found

    def refusal(self, model_id: str) -> ModelUnavailable | None:
        """Return why the Hub last refused this model, if that was within the last minute.

        For showing only: every `files` and `download` asks again.
        """
        at, refusal = self._refusals.get(model_id, (float("-inf"), None))
        return refusal if self._clock() - at < REMEMBERED_S else None

    def files(self, model_id: str, revision: str | None = None) -> Repository:
        """Return what a download would fetch: one request, no file.

        Raises: UnknownName if that cannot be a model id or a revision; ModelUnavailable if the Hub cannot
            be reached, does not have or does not give the model, or if there are no safetensors weights.
        """
        check_names(model_id, revision)
        if not self.reachable():
            raise offline(self.is_off)
        with self._remembered_refusal(model_id):
            return self._files(model_id, revision)

    def config(self, model_id: str, revision: str | None = None) -> dict[str, Any]:
        """Return a model's configuration, from this machine if it is there, and nothing else of it.

        Raises: as `files`, and ModelUnavailable if it is not JSON.
        """
        folder = self.cached_snapshot(model_id, revision)
        path = folder / CONFIG if folder else self._fetch_config(self.files(model_id, revision))
        try:
            config = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as err:
            raise ModelUnavailable(f"The config.json of '{model_id}' is damaged.", hint="Choose another one.") from err
        if not isinstance(config, dict):
            raise ModelUnavailable(f"The config.json of '{model_id}' is damaged.", hint="Choose another one.")
        return config

    def download(self, model_id: str, revision: str | None = None, progress: Progress = _nobody) -> tuple[Path, str]:
        """Fetch what is missing of a model; return its folder and the full commit.

        Raises: as `files`, and ModelUnavailable if the disk is too small or the connection is lost.
        """
        repository = self.files(model_id, revision)
        self._check_room(repository)
        total = repository.total_bytes
        done = 0
        progress(0, total)
        for file in repository.files:
            path = self._fetch(repository, file, partial(_report, progress, done, total))
            done += file.size_bytes
            progress(done, total)
        write_ref(self.cache_folder, model_id, revision, repository.commit)
        self._absent.clear()
        return path.parent, repository.commit

    def _answers(self) -> bool:
        import httpx2
        from huggingface_hub import get_session

        try:
            response = get_session().head(self.endpoint, timeout=WAIT_S, follow_redirects=False)
        except (httpx2.HTTPError, OSError):
            return False
        return response.status_code < 500

    def _files(self, model_id: str, revision: str | None) -> Repository:
        import httpx2
        from huggingface_hub import HfApi

        try:
            info = HfApi(endpoint=self.endpoint).model_info(
                model_id, revision=revision, files_metadata=True, timeout=REQUEST_S
            )
        except (httpx2.HTTPError, OSError, ValueError) as err:  # ValueError: an answer that is not JSON
            raise translated(err, model_id, revision) from err
        siblings = info.siblings or []
        files = choose_files(model_id, (RepoFile(sibling.rfilename, sibling.size or 0) for sibling in siblings))
        parameters = info.safetensors.parameters if info.safetensors else {}
        return Repository(model_id, str(info.sha), files, tuple(parameters.items()), info.pipeline_tag)

    def _fetch_config(self, repository: Repository) -> Path:
        file = next(file for file in repository.files if file.name == CONFIG)
        return self._fetch(repository, file, lambda _count: None)

    def _fetch(self, repository: Repository, file: RepoFile, arrived: Callable[[int], None]) -> Path:
        import httpx2

        with self._remembered_refusal(repository.model_id):
            try:
                return fetch_file(repository, file.name, self.endpoint, self.cache_folder, arrived)
            except (httpx2.HTTPError, OSError) as err:
                raise translated(err, repository.model_id, repository.commit) from err

    @contextmanager
    def _remembered_refusal(self, model_id: str) -> Iterator[None]:
        try:
            yield
        except ModelUnavailable as err:
            self._refusals[model_id] = (self._clock(), err)
            raise
        self._refusals.pop(model_id, None)

    def _check_room(self, repository: Repository) -> None:
        folder = self.cache_folder
        while not folder.exists():
            folder = folder.parent
        free = self._free_bytes(folder)
        if repository.total_bytes > free and self.cached_snapshot(repository.model_id, repository.commit) is None:
            raise ModelUnavailable(
                f"'{repository.model_id}' needs {repository.total_bytes / 1e9:.1f} GB of disk;"
                f" {free / 1e9:.1f} GB are free.",
                hint="Free some space, or choose a smaller model.",
            )
