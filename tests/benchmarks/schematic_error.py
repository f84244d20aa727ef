"""How wrong a schematic network is, on a region with real roads.

Usage: ``python tests/benchmarks/schematic_error.py REGION.gpkg``, for instance of an extract that
``island-response region import-osm`` made. Prints Markdown: for road classes kept, detour factor
and access speed, the error of the drive from the nearest post (schematic minus real).
"""

from __future__ import annotations

import argparse

from geodata import region
from routing import config, schematic

CLASSES = (("motorway", "trunk"), ("motorway", "trunk", "primary"))
HEAD = (
    "island",
    "detour",
    "access km/h",
    "points",
    "median, signed",
    "mean, by residents",
    "median, absolute",
    "p90, absolute",
    "median, relative",
)
DETOURS, SPEEDS_KMH = (1.2, 1.3, 1.4), (30.0, 35.0, 40.0)


def main() -> None:
    """Print one table for each choice of road classes."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("region")
    parser.add_argument("--islands", nargs="*", default=[""], help="island ids, each on its own")
    asked = parser.parse_args()
    place, parameters = region.load(asked.region), config.load()
    land_km2 = place.islands["area_km2"].sum()
    for classes in CLASSES:
        errors = schematic.compare(
            place,
            parameters,
            detours=DETOURS,
            speeds_kmh=SPEEDS_KMH,
            classes=classes,
            islands=asked.islands,
        )
        kept_km = schematic.reduced(place, classes=classes).roads["length_km"].sum()
        density = kept_km / land_km2
        print(f"\nKept: {', '.join(classes)}: {kept_km:.0f} km, {density:.2f} km/km2\n")
        print("| " + " | ".join(HEAD) + " |\n" + "| --- " * len(HEAD) + "|")
        errors.sort(key=lambda e: (e.island_id, abs(e.signed_mean_min)))
        for e in errors:
            cells = [
                e.island_id or "all",
                f"{e.access_detour:g}",
                f"{e.access_speed_kmh:g}",
                f"{e.pairs:,}",
                f"{e.signed_median_min:+.2f}",
                f"{e.signed_mean_min:+.2f}",
                f"{e.absolute_median_min:.2f}",
                f"{e.absolute_p90_min:.2f}",
                f"{100 * e.relative_median:.0f} %",
            ]
            print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
