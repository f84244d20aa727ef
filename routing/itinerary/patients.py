"""A table of patients read from CSV: every row is answered or rejected with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from geodata import crs, sheet
from geodata.errors import Cause, Fault, InputError
from geodata.findings import Findings
from geodata.region import WGS84, Region
from routing.conditions import DAYLIGHT, Catalogue, daylight_of
from routing.config import Parameters
from routing.itinerary.place import Gazetteer
from routing.itinerary.receiving import NEEDS
from routing.itinerary.router import islands_of

COLUMNS: dict[str, tuple[str, ...]] = {
    "patient_id": ("patient_id", "id", "编号", "病人编号"),
    "place": ("place", "at", "island", "settlement", "地点", "海岛", "居民点"),
    "lon": ("lon", "longitude", "lng", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "need": ("need", "病种", "需求"),
    "when": ("when", "time", "时间", "呼救时间"),
    "condition": ("condition", "weather", "天气"),
    "daylight": ("daylight", "昼夜"),
}
NEED_NAMES = {
    **{need: need for need in NEEDS},
    "卒中": "stroke", "脑卒中": "stroke", "胸痛": "chest_pain", "创伤": "trauma",
    "孕产妇": "maternal", "新生儿": "neonatal",
}  # fmt: skip
_DAYLIGHT_NAMES = {"白天": "day", "夜间": "night", **{one: one for one in DAYLIGHT}}
_TIME_FORMS = (
    "%H:%M", "%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S",
)  # fmt: skip


@dataclass(frozen=True)
class Given:
    """Patients as read.

    Attributes:
        accepted: one row a patient: `row` (in the file), `patient_id`, `need`, `condition`,
            `daylight`, `when_min` (NaN: no clock), `date` (ISO text or None), `island_id`,
            `name_zh`, `name_en`, `moved_m`; point in EPSG:4326.
        rejected: the cells of each rejected row as read, `row` and `reasons` before them.
        faults: all that is wrong, in the order of the rows.
    """

    accepted: gpd.GeoDataFrame
    rejected: pd.DataFrame
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Defaults:
    """What holds for a row whose cell is blank or whose file has no such column."""

    need: str | None = None
    condition: str = "calm"
    daylight: str | None = None
    when: str | None = None


def read(
    path: Path,
    region: Region,
    parameters: Parameters,
    catalogue: Catalogue,
    *,
    system: str = "wgs84",
    defaults: Defaults | None = None,
    lang: str = "en",
) -> Given:
    """Read a table of patients.

    Args:
        path: CSV with headings of `COLUMNS`; a row needs `lon` and `lat`, or `place`.
        region: where they are.
        parameters: the hours of daylight.
        catalogue: the conditions that may be named.
        system: of the coordinates: ``wgs84``, ``gcj02`` or ``bd09``.
        defaults: for blank cells.
        lang: of the reasons in the table of rejected rows.

    Raises:
        InputError: if the file cannot be read as a table, or has neither places nor coordinates.
    """
    table, broken = _sheet(path)
    reader = _Reader(Gazetteer(region), parameters, catalogue, system, defaults or Defaults())
    rows, rejected, faults = [], [], []
    points = reader.points(table)
    for k, cells in enumerate(table.to_dict("records")):
        found, wrong = reader.row({str(a): str(b) for a, b in cells.items()}, points[k], path.name)
        wrong = [*broken.get(k, ()), *wrong]
        faults += wrong
        if wrong:
            rejected.append({**cells, "reasons": "; ".join(f.text(lang) for f in wrong)})
        else:
            rows.append(found)
    named = [c for c in table.columns if c != "row"]
    bad = pd.DataFrame(rejected, columns=["row", "reasons", *named])
    return Given(_accepted(rows), bad, tuple(faults))


def _accepted(rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    columns = [
        "row", "patient_id", "need", "condition", "daylight", "when_min", "date", "island_id",
        "name_zh", "name_en", "moved_m", "lon", "lat",
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    shapes = shapely.points(table[["lon", "lat"]].to_numpy(float))
    return gpd.GeoDataFrame(table.drop(columns=["lon", "lat"]), geometry=shapes, crs=WGS84)


_ROW_FAULTS = ("cell_without_heading", "spreadsheet_error")


def _sheet(path: Path) -> tuple[pd.DataFrame, dict[int, list[Fault]]]:
    """Return the cells as text, headings in our names, with the row numbers of the file.

    A cell too many may mean that all cells after a stray comma stand in the wrong column, and an
    error of the spreadsheet hides what was meant: such faults are told by row, for its rejection.
    """
    spelled = {alias: name for name, aliases in COLUMNS.items() for alias in aliases}
    found = Findings()
    try:
        read_ = sheet.read(path, "patients", spelled, found)
    except OSError as error:
        fault = Fault("route_patients_unreadable", str(path), params={"reason": Cause.of(error)})
        raise InputError(fault) from error
    whole = [f for f in found.faults if f.key not in _ROW_FAULTS]
    if read_ is None or whole:
        raise InputError(whole or found.faults)
    names = [spelled.get(column, column) for column in read_.columns]
    if "place" not in names and not {"lon", "lat"} <= set(names):
        raise InputError(Fault("route_patients_columns", path.name, ", ".join(read_.columns)))
    table = pd.DataFrame(read_.rows, columns=names, dtype=str)
    table = table.loc[:, ~table.columns.duplicated()]
    table.insert(0, "row", list(read_.numbers))
    at = {f"{path.name}[{number}]": k for k, number in enumerate(read_.numbers)}
    broken: dict[int, list[Fault]] = {}
    for fault in found.faults:
        broken.setdefault(at[_row_of(fault.where)], []).append(fault)
    return table, broken


def _row_of(where: str) -> str:
    """Return the place of a row, ``file[7]``, from that of a cell in it, ``file[7].lon``."""
    return where[: where.rindex("]") + 1]


class _Reader:
    def __init__(
        self,
        gazetteer: Gazetteer,
        parameters: Parameters,
        catalogue: Catalogue,
        system: str,
        defaults: Defaults,
    ) -> None:
        self.gazetteer, self.parameters, self.catalogue = gazetteer, parameters, catalogue
        self.system, self.defaults = system, defaults
        self._places: dict[str, object] = {}

    def points(self, table: pd.DataFrame) -> list[tuple[float, float, str] | None]:
        """Return longitude, latitude (WGS84) and island of the rows that are plainly on one."""
        if not {"lon", "lat"} <= set(table.columns):
            return [None] * len(table)
        lon, lat = (
            pd.to_numeric(table[c], errors="coerce").to_numpy(float, copy=True)
            for c in ("lon", "lat")
        )
        inside = (abs(lon) <= 180) & (abs(lat) <= 90)
        if self.system != "wgs84" and inside.any():
            convert = crs.gcj02_to_wgs84 if self.system == "gcj02" else crs.bd09_to_wgs84
            lon[inside], lat[inside] = convert(lon[inside], lat[inside])
        lon[~inside] = lat[~inside] = float("nan")
        where = gpd.GeoSeries(shapely.points(lon, lat), crs=WGS84)
        islands = islands_of(self.gazetteer.region, where)
        return [
            None if island is None else (float(x), float(y), island)
            for x, y, island in zip(lon, lat, islands, strict=True)
        ]

    def row(
        self, cells: Mapping[str, str], point: tuple[float, float, str] | None, file: str
    ) -> tuple[dict[str, object], list[Fault]]:
        faults: list[Fault] = []
        number = cells["row"]

        def where(column: str) -> str:
            return f"{file}[{number}].{column}"

        found: dict[str, object] = {"row": int(number)}
        found["patient_id"] = cells.get("patient_id", "") or f"row {number}"
        found |= self._place(cells, point, where, faults)
        need = cells.get("need", "") or self.defaults.need
        found["need"] = NEED_NAMES.get(str(need).strip().lower()) if need else None
        if need and found["need"] is None:
            choices = ", ".join(NEEDS)
            faults.append(Fault("not_a_choice", where("need"), need, {"choices": choices}))
        found |= self._when(cells.get("when", "") or self.defaults.when, where, faults)
        found["condition"] = self._condition(cells.get("condition", ""), where, faults)
        given = cells.get("daylight", "")
        daylight = _DAYLIGHT_NAMES.get(given.lower()) if given else self.defaults.daylight
        if given and daylight is None:
            choices = ", ".join(DAYLIGHT)
            faults.append(Fault("not_a_choice", where("daylight"), given, {"choices": choices}))
        minute = found["when_min"]
        found["daylight"] = daylight_of(
            self.parameters.helicopter,
            daylight=daylight,
            when_min=minute if isinstance(minute, float) else None,
        )
        return found, faults

    def _place(
        self,
        cells: Mapping[str, str],
        point: tuple[float, float, str] | None,
        where: object,
        faults: list[Fault],
    ) -> dict[str, object]:
        assert callable(where)
        if point is not None:
            lon, lat, island = point
            shown = f"{lon:.5f},{lat:.5f}"
            return {"lon": lon, "lat": lat, "island_id": island, "name_zh": shown,
                    "name_en": shown, "moved_m": 0.0}  # fmt: skip
        lon_text, lat_text = cells.get("lon", ""), cells.get("lat", "")
        by_name = not (lon_text or lat_text)
        text = cells.get("place", "") if by_name else f"{lon_text},{lat_text}"
        column = "place" if by_name else "lon"
        if not text:
            faults.append(Fault("route_patient_nowhere", where("place")))
            return {}
        if not by_name:
            for name in ("lon", "lat"):
                try:
                    float(cells.get(name, ""))
                except ValueError:
                    faults.append(Fault("not_a_number", where(name), cells.get(name, "")))
                    return {}
        try:
            place = self._known(text)
        except InputError as error:
            faults += [Fault(f.key, where(column), f.value, f.params) for f in error.faults]
            return {}
        return {name: getattr(place, name) for name in
                ("lon", "lat", "island_id", "name_zh", "name_en", "moved_m")}  # fmt: skip

    def _known(self, text: str) -> object:
        """Return the place, each text looked up once; raises InputError as often as asked."""
        if text not in self._places:
            try:
                self._places[text] = self.gazetteer.find(text, system=self.system)
            except InputError as error:
                self._places[text] = error
        found = self._places[text]
        if isinstance(found, InputError):
            raise found
        return found

    def _when(self, text: str | None, where: object, faults: list[Fault]) -> dict[str, object]:
        assert callable(where)
        moment = clock_time(text) if text else None
        if text and moment is None:
            faults.append(Fault("not_a_clock_time", where("when"), text))
        if moment is None:
            return {"when_min": None, "date": None}
        minute, date = moment
        return {"when_min": minute, "date": None if date is None else date.date().isoformat()}

    def _condition(self, text: str, where: object, faults: list[Fault]) -> str:
        assert callable(where)
        names: Iterable[str] = self.catalogue.names
        if not text:
            return self.defaults.condition
        for name in names:
            entry = self.catalogue.entry(name)
            if text.lower() in (name, entry.name_en.lower()) or text == entry.name_zh:
                return name
        choices = ", ".join(names)
        faults.append(Fault("not_a_choice", where("condition"), text, {"choices": choices}))
        return "calm"


def clock_time(text: str) -> tuple[float, datetime | None] | None:
    """Return a time as minutes after midnight and its day, if it names one; None for no time.

    Example:
        >>> clock_time("02:30")
        (150.0, None)
    """
    for form in _TIME_FORMS:
        try:
            moment = datetime.strptime(text.strip(), form)
        except ValueError:
            continue
        minute = moment.hour * 60.0 + moment.minute + moment.second / 60.0
        return minute, moment if "%Y" in form else None
    return None
