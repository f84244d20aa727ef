"""Formulas as small trees, which a page writes as HTML and a Word file as an equation."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

MACRON = "\u0304"  # combines with the letter before it to a mean


@dataclass(frozen=True)
class Sign:
    """A symbol with an index, or an upright word or operator."""

    text: str
    index: str = ""
    upright: bool = False


@dataclass(frozen=True)
class Fraction:
    """One formula over another."""

    top: Formula
    bottom: Formula


@dataclass(frozen=True)
class Size:
    """The absolute value of a formula."""

    inner: Formula


@dataclass(frozen=True)
class Sum:
    """A sum of what follows it, over what stands below it."""

    over: Formula


@dataclass(frozen=True)
class Formula:
    """Parts in a row."""

    parts: tuple[Part, ...]

    def plain(self) -> str:
        """Return the formula on one line, for screen readers and as text."""
        return " ".join(_plain(part) for part in self.parts)

    def html(self) -> Markup:
        """Return the formula as HTML that needs no script and no font of its own."""
        return Markup("").join(_html(part) for part in self.parts)


Part = Sign | Fraction | Size | Sum


def row(*parts: str | Part) -> Formula:
    """Return a formula; plain text is an upright word or operator, ``T_i`` a symbol and its index.

    Example:
        >>> row("T_i", "=", "h").plain()
        'T_i = h'
    """
    return Formula(tuple(_sign(part) if isinstance(part, str) else part for part in parts))


def size(*parts: str | Part) -> Size:
    """Return an absolute value."""
    return Size(row(*parts))


def total(over_: str) -> Sum:
    """Return a sum over what `over_` says, pieces divided by spaces."""
    return Sum(row(*over_.split(" ")))


def over(top: Formula, bottom: Formula) -> Fraction:
    """Return a fraction."""
    return Fraction(top, bottom)


def _sign(text: str) -> Sign:
    name, _, index = text.partition("_")
    upright = len(name.replace(MACRON, "")) > 1 or not name[0].isalpha()
    return Sign(name, index, upright=upright)


def _plain(part: Part) -> str:
    if isinstance(part, Sum):
        return f"Σ({part.over.plain()})"
    if isinstance(part, Size):
        return f"|{part.inner.plain()}|"
    if isinstance(part, Fraction):
        return f"({part.top.plain()}) / ({part.bottom.plain()})"
    return f"{part.text}_{part.index}" if part.index else part.text


def _html(part: Part) -> Markup:
    if isinstance(part, Sum):
        return Markup('<span class="sum">Σ<sub>{}</sub></span>').format(part.over.html())
    if isinstance(part, Size):
        return Markup("|{}|").format(part.inner.html())
    if isinstance(part, Fraction):
        return Markup('<span class="frac"><span>{}</span><span>{}</span></span>').format(
            part.top.html(), part.bottom.html()
        )
    index = Markup("<sub>{}</sub>").format(part.index) if part.index else Markup("")
    if part.upright:
        return Markup('<span class="op">{}{}</span>').format(part.text, index)
    return Markup("<span><i>{}</i>{}</span>").format(part.text, index)
