"""Reports of a command: the same document as a page and for Word, from its result and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from geodata.outputs import OutputFolder

_DPI = 150


def write(
    folder: OutputFolder,
    result: dict[str, Any],
    figures: Mapping[str, Figure],
    lang: str,
    *,
    name: str = "report",
) -> None:
    """Write ``report.html`` and ``report.docx``.

    Args:
        folder: where to.
        result: the content of ``result.json``.
        figures: figures by the names that reports know.
        lang: ``zh`` or ``en``.
        name: what the files are called.
    """
    from maps import report, static, word

    pictures = {name: static.png_bytes(figure, dpi=_DPI) for name, figure in figures.items()}
    page = report.page(result, pictures, lang)
    folder.path(f"{name}.html").write_text(page, "utf-8", newline="\n")
    word.write(result, pictures, folder.path(f"{name}.docx"), lang)
