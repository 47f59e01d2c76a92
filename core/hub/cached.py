"""Where the Hub's cache on this machine keeps a model: refs/<revision> names a commit, snapshots/<commit> holds it.

Owns finding a complete snapshot and writing a ref. Never talks to the Hub.
Source: the layout is documented in the huggingface_hub guide "Understand caching".
"""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

from core.errors import UnknownName
from core.hub.files import is_complete

_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
_REVISION = re.compile(r"[\w.-]+(/[\w.-]+)*", re.ASCII)
_COMMIT_START = re.compile(r"[0-9a-f]{7,40}")


def check_names(model_id: str, revision: str | None) -> None:
    """Refuse what cannot be a model id or a revision, before it becomes part of a path or a URL.

    Raises: UnknownName.
    """
    if not _NAME.fullmatch(model_id) or ".." in model_id or "--" in model_id or len(model_id) > 96:
        raise UnknownName(f"'{model_id[:96]}' is not a model id.", hint="A model id looks like organisation/name.")
    if revision is not None and (not _REVISION.fullmatch(revision) or ".." in revision):
        raise UnknownName(f"'{revision[:96]}' is not a revision.", hint="A revision is a commit, a branch or a tag.")


def find_snapshot(cache_folder: Path, model_id: str, revision: str | None) -> Path | None:
    """Return the folder of a complete snapshot; None if there is none."""
    repository = _repository(cache_folder, model_id)
    snapshots = repository / "snapshots"
    for commit in _commits(repository, revision):
        folder = snapshots / commit
        if folder.is_dir() and is_complete(folder):
            return folder
    return None


def write_ref(cache_folder: Path, model_id: str, revision: str | None, commit: str) -> None:
    """Note which commit a branch, a tag or a shortened commit stood for, as the Hub's own client does."""
    revision = revision or "main"
    if revision == commit:
        return
    ref = _repository(cache_folder, model_id) / "refs" / revision
    ref.parent.mkdir(parents=True, exist_ok=True)
    scratch = ref.with_name(f"{ref.name}.{uuid.uuid4().hex[:8]}.tmp")
    scratch.write_text(commit)
    os.replace(scratch, ref)


def _repository(cache_folder: Path, model_id: str) -> Path:
    return cache_folder / f"models--{model_id.replace('/', '--')}"


def _commits(repository: Path, revision: str | None) -> list[str]:
    """Return the commits that `revision` may stand for, likeliest first."""
    found = []
    ref = repository / "refs" / (revision or "main")
    if ref.is_file():
        found.append(ref.read_text().strip())
    if revision is not None and _COMMIT_START.fullmatch(revision) and (repository / "snapshots").is_dir():
        found += sorted(entry.name for entry in (repository / "snapshots").iterdir() if entry.name.startswith(revision))
    return [commit for commit in found if re.fullmatch(r"[0-9a-f]{40}", commit)]
