"""Every setting of a Podium, read once at start from a mapping of environment variables.

Owns names, defaults, units and the check of each. Nothing else in the project reads the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self, get_args

ROOT = Path(__file__).resolve().parent.parent

KeepInputs = Literal["never", "judged", "always"]
AllowAny = Literal["auto", "yes", "no"]
Dtype = Literal["auto", "float32", "bfloat16", "float16"]
Runtime = Literal["auto", "torch", "onnx", "openvino"]
ApiAccess = Literal["keys", "open"]

_GB = 1_000_000_000
_MB = 1_000_000

_RUNTIMES_BYTES = 10 * _GB
"""Programs of five of the largest models that are surveyed, or of about twenty of a BERT's size."""


def _setting(variable: str, default: Any, help_text: str, *, unit: float = 1, secret: bool = False) -> Any:
    """Declare a field: its environment variable, default, one line of help, and what one unit there is here.

    Args:
        secret: leave its value out of the settings' `repr`, so that no log has it.
    """
    return field(default=default, repr=not secret, metadata={"variable": variable, "help": help_text, "unit": unit})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Hold the configuration of one process. Quantities carry their unit in their name."""

    catalog_path: Path = _setting("PODIUM_CATALOG", ROOT / "models" / "catalog.toml", "The catalog file.")
    demos_folder: Path = _setting("PODIUM_DEMOS", ROOT / "demos", "The folder whose functions marked @demo are shown.")
    data_folder: Path = _setting("PODIUM_DATA", ROOT / "data", "Where the database and the salt are kept.")
    database_url: str = _setting(
        "PODIUM_DATABASE_URL", "", "SQLAlchemy URL of the judgements; empty: podium.db in the data folder.", secret=True
    )
    keep_inputs: KeepInputs = _setting(
        "PODIUM_KEEP_INPUTS", "judged", "When visitors' inputs are kept: never, judged or always."
    )
    owner_key: str = _setting(
        "PODIUM_OWNER_KEY", "", "What the owner types to read and export judgements from another machine.", secret=True
    )
    allow_any_model: AllowAny = _setting(
        "PODIUM_ALLOW_ANY_MODEL",
        "auto",
        "Whether visitors may open any checkpoint: yes, no, or auto: those on this machine.",
    )
    api: ApiAccess = _setting(
        "PODIUM_API", "keys", "Whom the API serves on other machines: keys, those who have one; open, everybody."
    )
    api_keys: str = _setting(
        "PODIUM_API_KEYS",
        "",
        "Who may call from another machine: name=key, then limits such as 60/minute 5000/day; several divided by ;.",
        secret=True,
    )
    api_per_minute: int = _setting(
        "PODIUM_API_PER_MINUTE", 60, "How often a client on another machine may call in a minute."
    )
    api_per_day: int = _setting("PODIUM_API_PER_DAY", 5000, "How often a client on another machine may call in a day.")
    api_at_once: int = _setting(
        "PODIUM_API_AT_ONCE", 8, "How many calls of a client on another machine may be under way at once."
    )
    trusted_proxies: str = _setting(
        "PODIUM_TRUSTED_PROXIES", "", "Addresses or networks of proxies whose X-Forwarded-For is believed."
    )
    cors: str = _setting("PODIUM_CORS", "", "Other sites whose pages may call the API, such as https://example.org.")
    fetch_hosts: str = _setting(
        "PODIUM_FETCH_HOSTS", "", "Hosts from which API calls may have files read, by their https address."
    )
    endpoint_keys: str = _setting(
        "PODIUM_ENDPOINT_KEYS",
        "",
        "Keys for the endpoints of the catalog, sent as Bearer tokens: host=key; several divided by ;.",
        secret=True,
    )
    memory_bytes: int = _setting(
        "PODIUM_MEMORY_GB",
        0,
        "Memory for loaded models, in GB; 0: 60 % of what the machine leaves, 90 % of its GPU.",
        unit=_GB,
    )
    engine: str = _setting(
        "PODIUM_ENGINE",
        "here",
        "Where models without an endpoint run: here; ray, on this machine's Ray; ray:HOST:6379, on that cluster.",
    )
    ray_min_replicas: int = _setting("PODIUM_RAY_MIN_REPLICAS", 1, "The fewest replicas on Ray.")
    ray_max_replicas: int = _setting("PODIUM_RAY_MAX_REPLICAS", 4, "The most replicas on Ray.")
    ray_cpus: float = _setting("PODIUM_RAY_CPUS", 1.0, "Processor cores that Ray sets aside for a replica.")
    ray_gpus: float = _setting("PODIUM_RAY_GPUS", 0.0, "GPUs that Ray sets aside for a replica; parts are allowed.")
    device: str = _setting("PODIUM_DEVICE", "auto", "Where models run: auto, cpu or cuda:0.")
    dtype: Dtype = _setting("PODIUM_DTYPE", "auto", "What models compute in: auto, float32, bfloat16 or float16.")
    runtime: Runtime = _setting(
        "PODIUM_RUNTIME",
        "auto",
        "What computes models: torch, onnx, openvino, or auto: the fastest installed that agrees with float32.",
    )
    runtimes_bytes: int = _setting(
        "PODIUM_RUNTIMES_GB",
        _RUNTIMES_BYTES,
        "What findings about the fastest way may take in the data folder, in GB; those used longest ago go first.",
        unit=_GB,
    )
    deadline_s: float = _setting("PODIUM_DEADLINE_S", 120.0, "The longest a request may take, in seconds.")
    known_bytes: int = _setting(
        "PODIUM_ANSWER_CACHE_MB",
        64 * _MB,
        "Answers kept in memory, in MB, so that the same question is not run twice; 0: none.",
        unit=_MB,
    )
    prefix_bytes: int = _setting(
        "PODIUM_PREFIX_CACHE_MB",
        256 * _MB,
        "What a model that writes may keep of texts it has read, in MB, for those that go on from there; 0: nothing.",
        unit=_MB,
    )
    queue_limit: int = _setting("PODIUM_QUEUE_LIMIT", 256, "The most requests that may wait for one model.")
    max_text_chars: int = _setting("PODIUM_MAX_TEXT_CHARS", 20_000, "The longest text, in characters.")
    max_upload_bytes: int = _setting(
        "PODIUM_MAX_UPLOAD_MB", 20 * _MB, "The largest file or request body, in MB.", unit=_MB
    )
    max_image_pixels: int = _setting(
        "PODIUM_MAX_IMAGE_MEGAPIXELS", 25 * _MB, "The largest picture, in megapixels.", unit=_MB
    )
    max_audio_s: float = _setting("PODIUM_MAX_AUDIO_S", 600.0, "The longest sound, in seconds.")
    max_video_s: float = _setting("PODIUM_MAX_VIDEO_S", 120.0, "The longest film, in seconds.")
    max_video_pixels: int = _setting(
        "PODIUM_MAX_VIDEO_MEGAPIXELS", 9 * _MB, "The largest frame of a film, in megapixels.", unit=_MB
    )

    def __post_init__(self) -> None:
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.data_folder / 'podium.db'}")

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings from a mapping of environment variables.

        Raises: ValueError naming the variable, its value and what it may be.
        """
        given: dict[str, Any] = {}
        for item in fields(cls):
            raw = environment.get(item.metadata["variable"], "").strip()
            if raw:
                given[item.name] = _parse(item.metadata["variable"], raw, str(item.type), item.metadata["unit"])
        return cls(**given)

    @classmethod
    def documented(cls) -> list[tuple[str, str, str]]:
        """Return (variable, default as one would write it, help) of every setting, in order."""
        return [
            (item.metadata["variable"], _written(item.default, item.metadata["unit"]), item.metadata["help"])
            for item in fields(cls)
        ]


_CHOICES: dict[str, tuple[str, ...]] = {
    "KeepInputs": get_args(KeepInputs),
    "AllowAny": get_args(AllowAny),
    "Dtype": get_args(Dtype),
    "Runtime": get_args(Runtime),
    "ApiAccess": get_args(ApiAccess),
}


def _parse(variable: str, raw: str, kind: str, unit: float) -> Any:
    if kind == "Path":
        return Path(raw).expanduser()
    if kind in _CHOICES:
        if raw.lower() not in _CHOICES[kind]:
            raise ValueError(f"{variable} is {raw!r}; it may be {', '.join(_CHOICES[kind])}.")
        return raw.lower()
    if kind in ("int", "float"):
        try:
            number = float(raw) * unit
        except ValueError as err:
            raise ValueError(f"{variable} is {raw!r}; it has to be a number.") from err
        if not 0 <= number < float("inf"):
            raise ValueError(f"{variable} is {raw!r}; it has to be a number of at least 0.")
        return int(number) if kind == "int" else number
    return raw


def _written(default: Any, unit: float) -> str:
    if isinstance(default, Path):
        return str(default.relative_to(ROOT)) if default.is_relative_to(ROOT) else str(default)
    if isinstance(default, int | float):
        return f"{default / unit:g}"
    return str(default)
