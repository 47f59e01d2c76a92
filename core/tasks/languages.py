"""The languages that translation offers, and what each family of models calls them.

Owns the names and codes; which of them a model knows is seen from its own vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ROWS: Final = """
ar Arabic arb_Arab
bn Bengali ben_Beng
bg Bulgarian bul_Cyrl
ca Catalan cat_Latn
zh Chinese zho_Hans
hr Croatian hrv_Latn
cs Czech ces_Latn
da Danish dan_Latn
nl Dutch nld_Latn
en English eng_Latn
et Estonian est_Latn
fi Finnish fin_Latn
fr French fra_Latn
de German deu_Latn
el Greek ell_Grek
he Hebrew heb_Hebr
hi Hindi hin_Deva
hu Hungarian hun_Latn
id Indonesian ind_Latn
it Italian ita_Latn
ja Japanese jpn_Jpan
ko Korean kor_Hang
lv Latvian lvs_Latn
lt Lithuanian lit_Latn
no Norwegian nob_Latn
fa Persian pes_Arab
pl Polish pol_Latn
pt Portuguese por_Latn
ro Romanian ron_Latn
ru Russian rus_Cyrl
sr Serbian srp_Cyrl
sk Slovak slk_Latn
sl Slovenian slv_Latn
es Spanish spa_Latn
sw Swahili swh_Latn
sv Swedish swe_Latn
ta Tamil tam_Taml
th Thai tha_Thai
tr Turkish tur_Latn
uk Ukrainian ukr_Cyrl
ur Urdu urd_Arab
vi Vietnamese vie_Latn
"""
"""ISO 639-1 code, English name, FLORES-200 code (what NLLB calls it)."""

_CELLS: Final = [row.split() for row in _ROWS.split("\n") if row]

LANGUAGES: Final[Mapping[str, str]] = {code: name for code, name, _ in _CELLS}
"""The English name of each language, by its ISO 639-1 code."""

_FLORES: Final[Mapping[str, str]] = {code: flores for code, _, flores in _CELLS}


_MBART_COUNTRIES: Final[Mapping[str, str]] = {
    **{"ar": "AR", "bn": "IN", "cs": "CZ", "de": "DE", "et": "EE", "fa": "IR", "fi": "FI", "he": "IL", "hi": "IN"},
    **{"hr": "HR", "id": "ID", "it": "IT", "ko": "KR", "lt": "LT", "lv": "LV", "pl": "PL", "ro": "RO", "ru": "RU"},
    **{"sl": "SI", "sv": "SE", "sw": "KE", "ta": "IN", "th": "TH", "tr": "TR", "uk": "UA", "ur": "PK", "vi": "VN"},
    "zh": "CN",
}
"""The country in mBART-50's name of a language, where it is not XX. Source: transformers' mBART-50 tokenizer."""


def code_of(language: str) -> str:
    """Return the ISO 639-1 code of a language given by code, by English name or as a model calls it; else as given."""
    wanted = language.strip().lower()
    for code, name in LANGUAGES.items():
        if wanted in (code, name.lower(), _FLORES[code].lower()) or wanted.startswith(f"{code}_"):
            return code
    return language.strip()


def spellings(code: str) -> tuple[str, ...]:
    """Return the tokens that may name a language in a model's vocabulary.

    In the manner of NLLB (eng_Latn), M2M100 (__en__), MADLAD (<2en>) and mBART (en_XX, with the country that its
    makers chose).
    """
    return (_FLORES.get(code, code), f"__{code}__", f"<2{code}>", f"{code}_{_MBART_COUNTRIES.get(code, 'XX')}")
