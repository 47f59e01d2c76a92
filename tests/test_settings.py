"""Settings: read once, checked, and documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.settings import Settings


def test_defaults_need_no_environment() -> None:
    settings = Settings.from_env({})
    assert settings.keep_inputs == "judged"
    assert settings.database_url.startswith("sqlite:///")
    assert settings.catalog_path.name == "catalog.toml"


def test_units_are_turned_into_base_units() -> None:
    settings = Settings.from_env(
        {"PODIUM_MEMORY_GB": "1.5", "PODIUM_MAX_UPLOAD_MB": "3", "PODIUM_MAX_IMAGE_MEGAPIXELS": "0.5"}
    )
    assert settings.memory_bytes == 1_500_000_000
    assert settings.max_upload_bytes == 3_000_000
    assert settings.max_image_pixels == 500_000


def test_the_database_stands_in_the_data_folder_unless_it_is_named(tmp_path: Path) -> None:
    assert str(tmp_path) in Settings.from_env({"PODIUM_DATA": str(tmp_path)}).database_url
    named = Settings.from_env({"PODIUM_DATA": str(tmp_path), "PODIUM_DATABASE_URL": "postgresql://db/podium"})
    assert named.database_url == "postgresql://db/podium"


@pytest.mark.parametrize(
    ("variable", "value", "word"),
    [
        ("PODIUM_KEEP_INPUTS", "sometimes", "judged"),
        ("PODIUM_MEMORY_GB", "plenty", "number"),
        ("PODIUM_QUEUE_LIMIT", "-1", "at least 0"),
        ("PODIUM_DEADLINE_S", "nan", "at least 0"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_the_fix(variable: str, value: str, word: str) -> None:
    with pytest.raises(ValueError, match=variable) as refusal:
        Settings.from_env({variable: value})
    assert word in str(refusal.value)


def test_an_empty_value_is_the_default() -> None:
    assert Settings.from_env({"PODIUM_DEADLINE_S": "  "}).deadline_s == Settings().deadline_s


def test_every_setting_is_documented_with_a_readable_default() -> None:
    rows = {variable: (default, text) for variable, default, text in Settings.documented()}
    assert rows["PODIUM_MAX_IMAGE_MEGAPIXELS"][0] == "25"
    assert rows["PODIUM_CATALOG"][0] == "models/catalog.toml"
    assert all(text.endswith(".") for _, text in rows.values())
