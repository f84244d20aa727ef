"""Choice of an installed font that has the glyphs; no font is shipped, no box is ever drawn."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.textpath import text_to_path

from maps.words import Words, clean

logger = logging.getLogger(__name__)

# In order of preference: simplified Chinese faces first, then pan-CJK faces with other defaults
# (older matplotlib sees only the first, Japanese, face of a collection; the glyphs are there).
CJK_FAMILIES = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN",
    "Microsoft YaHei", "PingFang SC", "Hiragino Sans GB", "HarmonyOS Sans SC", "DengXian",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Heiti SC", "STHeiti", "Songti SC",
    "Noto Serif CJK SC", "Source Han Serif SC", "SimSun", "STSong", "AR PL UMing CN",
    "Arial Unicode MS", "Droid Sans Fallback", "Noto Sans CJK JP", "Noto Sans CJK TC",
    "Noto Sans CJK HK", "Noto Sans CJK KR", "Source Han Sans", "Noto Serif CJK JP",
)  # fmt: skip
LATIN_FAMILY = "DejaVu Sans"  # comes with matplotlib, so it is always there
PROBE = "舟山群岛急救反应时间主城区农村嵊泗岱山普陀衢泗枸杞"


@dataclass(frozen=True)
class Type:
    """The type that a figure is set in.

    Attributes:
        lang: language of the figure's texts; ``en`` where Chinese was asked for and no installed
            font shows it.
        families: font families, first choice first.
        glyphs: code points that the families have.
    """

    lang: str
    families: tuple[str, ...]
    glyphs: frozenset[int]

    def font(self, size: float, *, bold: bool = False) -> FontProperties:
        """Return the font at `size` points."""
        weight = "bold" if bold else "normal"
        return FontProperties(family=list(self.families), size=size, weight=weight)

    def shows(self, text: str) -> bool:
        """Return whether every character of `text` has a glyph."""
        return all(ord(char) in self.glyphs for char in text if not char.isspace())

    def measure(self, size: float, *, bold: bool = False) -> Callable[[str], float]:
        """Return a function that gives the width of a text in points at `size` points."""
        font = self.font(size, bold=bold)

        def ink_pt(text: str) -> float:
            return float(text_to_path.get_text_width_height_descent(text, font, False)[0])

        @cache
        def width_pt(text: str) -> float:
            # A space has no ink of its own, so the text is measured up to a mark behind it.
            return ink_pt(f"{text}.") - ink_pt(".")

        return width_pt

    def name(self, name_zh: object, name_en: object) -> str:
        """Return the best spelling of a name that can be drawn, ``""`` if none can."""
        words = Words(self.lang)
        spellings = (words.name(name_zh, name_en), Words("en").name(name_zh, name_en))
        for spelling in spellings:
            if self.shows(spelling):
                return spelling
        return self.drawable(spellings[-1])

    def drawable(self, text: str, *, limit: int = 400) -> str:
        """Return `text` on one line with accents dropped, then characters, that have no glyph."""
        text = clean(text, limit=limit)
        if self.shows(text):
            return text
        plain = "".join(
            char if ord(char) in self.glyphs else unicodedata.normalize("NFKD", char)[:1]
            for char in text
        )
        return "".join(c for c in plain if c.isspace() or ord(c) in self.glyphs).strip()


def choose(lang: str, *, families: Sequence[str] = CJK_FAMILIES) -> Type:
    """Return the type for figures in language `lang`.

    A Chinese figure takes the first of `families` that is installed and has the glyphs of common
    Chinese; an English one takes the Latin font and the Chinese one behind it, if any, for names.

    Args:
        lang: ``zh`` or ``en``.
        families: font families to look for, best first.

    Returns:
        a type whose `lang` is ``en`` if Chinese was asked for and no font shows it; a warning is
        logged then.
    """
    chinese = _first(families)
    if chinese is None and lang == "zh" and _add_new_fonts():
        chinese = _first(families)
    latin = (LATIN_FAMILY, _glyphs(LATIN_FAMILY))
    if chinese is None:
        if lang == "zh":
            logger.warning(
                "no installed font shows Chinese (looked for %s and others): figures are in "
                "English and pinyin; install one, for instance Noto Sans CJK, and draw again",
                ", ".join(families[:3]) or "none",
            )
        return Type("en", (latin[0],), latin[1])
    order = (chinese, LATIN_FAMILY) if lang == "zh" else (LATIN_FAMILY, chinese)
    return Type(lang, order, _glyphs(chinese) | latin[1])


def _first(families: Sequence[str]) -> str | None:
    probe = {ord(char) for char in PROBE}
    return next((f for f in families if probe <= _glyphs(f)), None)


def _add_new_fonts() -> int:
    """Make matplotlib see fonts installed since it listed them; return how many there are."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    new = [path for path in font_manager.findSystemFonts() if path not in known]
    added = 0
    for path in new:
        try:
            font_manager.fontManager.addfont(path)
        except (OSError, RuntimeError) as error:
            logger.debug("font %s cannot be read: %s", path, error)
        else:
            added += 1
    _glyphs.cache_clear()
    return added


@cache
def _glyphs(family: str) -> frozenset[int]:
    """Return the code points of the installed `family`; empty where it is not installed."""
    for entry in _entries(family):
        try:
            face = _open(entry)
        except (OSError, RuntimeError) as error:  # the font list may be older than the disk
            logger.debug("font %s cannot be opened: %s", entry.fname, error)
            continue
        return frozenset(face.get_charmap())
    return frozenset()


def _entries(family: str) -> Iterable[font_manager.FontEntry]:
    found = [e for e in font_manager.fontManager.ttflist if e.name == family]
    return sorted(found, key=lambda e: (e.style != "normal", abs(int(e.weight) - 400)))


def _open(entry: font_manager.FontEntry) -> FT2Font:
    if not Path(entry.fname).is_file():
        raise FileNotFoundError(entry.fname)
    index = getattr(entry, "index", 0)  # matplotlib before 3.11 knows only the first face
    return FT2Font(entry.fname, face_index=index) if index else FT2Font(entry.fname)
