"""A calibration as a parameter file that ``--config`` takes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

from geodata import catalogue
from geodata.errors import InputError
from routing import config
from routing.audit.calibration import Calibration, Value
from routing.config import Parameters

SOURCE = "audit"
_UNITS = {
    "clock.call_handling_min": "min",
    "ambulance.turnout_min": "min",
    "ambulance.speed_factor": "ratio",
    "ambulance.access_speed_kmh": "km/h",
}


def text(
    calibration: Calibration,
    *,
    log: str,
    synthetic: bool = False,
    under: Mapping[str, str] | None = None,
) -> str:
    """Return the parameter file: every changed value with unit, source, n and interval.

    Args:
        calibration: the outcome.
        log: what to call the log in notes; a path's name, never a path.
        synthetic: whether the log is simulated, which every note then says.
        under: by language, what to call the scenarios and condition of the modelled side; None for
            the region as it is.
    """
    head = [
        f"# {line}"
        for lang in ("zh", "en")
        for line in [*_head(calibration, lang, synthetic), *_state(under, lang)]
    ]
    entries = [_entry(v, calibration, log, synthetic) for v in calibration.values if v.changed]
    return "\n".join([*head, "", *entries])


def write(
    calibration: Calibration,
    path: Path,
    *,
    log: str,
    synthetic: bool = False,
    under: Mapping[str, str] | None = None,
) -> Parameters:
    """Write the parameter file and return the parameters as they are read back from it.

    Raises:
        InputError: if the file would not be read, which a value off all bounds could bring about.
    """
    path.write_text(text(calibration, log=log, synthetic=synthetic, under=under), "utf-8")
    try:
        return config.load(path)
    except InputError:
        path.unlink()
        raise


def statement(calibration: Calibration, lang: str) -> str:
    """Return in one sentence whether and how far the log's speeds predict better."""
    first, last = calibration.trials[0], calibration.trials[-1]
    taken = [t for t in calibration.trials if t.taken]
    if not taken and not math.isfinite(first.error_min):
        return catalogue.text("audit_calibration.too_few", lang, calls=calibration.calls)
    if not taken:
        return catalogue.text(
            "audit_calibration.refused", lang, calls=calibration.calls,
            before=f"{first.error_min:.2f}", after=f"{last.error_min:.2f}",
        )  # fmt: skip
    best = taken[-1]
    return catalogue.text(
        "audit_calibration.taken", lang, calls=calibration.calls,
        level=catalogue.text(f"audit_calibration.level.{best.level}", lang),
        before=f"{first.error_min:.2f}", after=f"{best.error_min:.2f}",
        bias_before=f"{first.bias_min:+.2f}", bias_after=f"{best.bias_min:+.2f}",
        gain=f"{100.0 * (1.0 - best.error_min / first.error_min):.0f}",
    )  # fmt: skip


def _head(calibration: Calibration, lang: str, synthetic: bool) -> list[str]:
    lines = [statement(calibration, lang)]
    if synthetic:
        lines.insert(0, catalogue.text("audit_calibration.synthetic", lang))
    kept = [v for v in calibration.values if not v.changed]
    lines += [
        catalogue.text(f"audit_calibration.kept_{v.reason}", lang, name=v.name, n=v.n) for v in kept
    ]
    return lines


def _state(under: Mapping[str, str] | None, lang: str) -> list[str]:
    if under is None:
        return []
    return [catalogue.text("audit_calibration.under", lang, state=_on_one_line(under[lang]))]


def _entry(value: Value, calibration: Calibration, log: str, synthetic: bool) -> str:
    note = {lang: _note(value, calibration, log, synthetic, lang) for lang in ("zh", "en")}
    unit = _UNITS.get(value.name, "ratio by hour of day")
    written = list(value.value) if isinstance(value.value, tuple) else value.value
    return "\n".join(
        [
            f"[{value.name}]",
            f"value = {json.dumps(written)}",
            f"unit = {_quoted(unit)}",
            f"source = {_quoted(SOURCE)}",
            f"note = {_quoted(note['en'])}",
            f"note_zh = {_quoted(note['zh'])}",
            "",
        ]
    )


def _note(value: Value, calibration: Calibration, log: str, synthetic: bool, lang: str) -> str:
    if value.low == value.low:
        body = catalogue.text(
            "audit_calibration.note_mean", lang, log=log, n=value.n, low=f"{value.low:.2f}",
            high=f"{value.high:.2f}", before=f"{value.before:g}",
        )  # fmt: skip
    elif isinstance(value.value, tuple) and value.n < calibration.least_calls:
        body = catalogue.text("audit_calibration.note_few", lang, log=log, n=value.n)
    elif isinstance(value.value, tuple):
        body = catalogue.text(
            "audit_calibration.note_hours", lang, log=log, n=value.n,
            paces=_paces(value, calibration, lang),
        )  # fmt: skip
    else:
        body = catalogue.text(
            "audit_calibration.note_scale", lang, log=log, n=value.n, before=f"{value.before:g}"
        )
    prefix = catalogue.text("audit_calibration.synthetic", lang) + " " if synthetic else ""
    return prefix + body


def _paces(value: Value, calibration: Calibration, lang: str) -> str:
    name = value.name.removeprefix("traffic.")
    rows = [r for r in calibration.pace.iter_rows(named=True) if r["road_class"] == name]
    if not rows:
        rows = [r for r in calibration.pace.iter_rows(named=True) if r["road_class"] == "synthetic"]
    parts = []
    for row in rows:
        band = catalogue.text(f"audit_calibration.hours.{row['hours']}", lang)
        interval = (
            "" if row["pace_low"] is None else f" ({row['pace_low']:.2f}–{row['pace_high']:.2f})"
        )
        parts.append(f"{band} {row['pace']:.2f}{interval}")
    return ("；" if lang == "zh" else "; ").join(parts)


def _quoted(words: str) -> str:
    """Return a TOML basic string; JSON's escapes are all valid there."""
    return json.dumps(_on_one_line(words), ensure_ascii=False)


def _on_one_line(words: str) -> str:
    """Return words that cannot begin a line of their own, whoever wrote them."""
    return "".join(c if c.isprintable() else " " for c in words)
