"""What went wrong with the Hub, as one sentence and what to do about it.

Owns the translation of the client's exceptions. Adds nothing about this machine: no paths, no URLs but
those of the model itself.
"""

from __future__ import annotations

import errno

from core.errors import ModelUnavailable

OFFLINE_HINT = "Connect this machine to the internet, or choose a model that is already on it."


def offline(because_asked: bool) -> ModelUnavailable:
    """Return the refusal when there is no Hub to talk to; `because_asked` if HF_HUB_OFFLINE says so."""
    if because_asked:
        return ModelUnavailable("Downloads are switched off here (HF_HUB_OFFLINE).", hint=OFFLINE_HINT)
    return ModelUnavailable("The Hugging Face Hub cannot be reached from here.", hint=OFFLINE_HINT)


def translated(err: Exception, model_id: str, revision: str | None) -> ModelUnavailable:
    """Return what a visitor may read about an error of the Hub's client or of the disk below it."""
    import httpx2
    from huggingface_hub import errors

    if isinstance(err, errors.GatedRepoError):
        return ModelUnavailable(
            f"'{model_id}' is gated: its terms have to be accepted first.",
            hint=f"Accept them at https://huggingface.co/{model_id}, then log in with `hf auth login`.",
        )
    if isinstance(err, errors.RepositoryNotFoundError):
        return ModelUnavailable(
            f"The Hub has no model '{model_id}', or it is private.",
            hint="Check the spelling; if it is private, log in with `hf auth login`.",
        )
    if isinstance(err, errors.RevisionNotFoundError):
        return ModelUnavailable(
            f"'{model_id}' has no revision '{revision}'.", hint="Leave the revision out, or name a commit that exists."
        )
    if isinstance(err, errors.DisabledRepoError):
        return ModelUnavailable(f"The Hub has disabled '{model_id}'.", hint="Choose another model.")
    if isinstance(err, errors.EntryNotFoundError) and err.__cause__ is None:
        return ModelUnavailable(f"A file of '{model_id}' is missing on the Hub.", hint="Try another revision.")
    if isinstance(err, errors.OfflineModeIsEnabled):
        return offline(because_asked=True)
    if isinstance(err, errors.HfHubHTTPError):
        return _refused(err.response.status_code, model_id)
    if isinstance(err, errors.LocalEntryNotFoundError) and isinstance(err.__cause__, Exception):
        return translated(err.__cause__, model_id, revision)
    if isinstance(err, httpx2.TransportError):
        return ModelUnavailable(
            f"The connection to the Hub was lost while '{model_id}' was being fetched.",
            hint="Try again; files that have arrived whole are kept.",
        )
    if isinstance(err, OSError) and err.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelUnavailable(
            f"The disk filled up while '{model_id}' was being fetched.", hint="Free some space and try again."
        )
    if isinstance(err, OSError) and err.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ModelUnavailable(
            "The folder for downloaded models cannot be written to.", hint="Let HF_HOME name one that can."
        )
    return ModelUnavailable(f"'{model_id}' could not be fetched whole from the Hub.", hint="Try again in a minute.")


def _refused(status: int, model_id: str) -> ModelUnavailable:
    if status == 401:
        return ModelUnavailable(
            "The Hub did not accept the token saved on this machine.", hint="Log in again with `hf auth login`."
        )
    if status == 403:
        return ModelUnavailable(
            f"The Hub does not let this machine read '{model_id}'.", hint="Log in with `hf auth login`."
        )
    if status == 429:
        return ModelUnavailable(
            "The Hub has had too many requests from here.", hint="Try again in a few minutes, or log in."
        )
    return ModelUnavailable(f"The Hugging Face Hub answered with error {status}.", hint="Try again in a few minutes.")
