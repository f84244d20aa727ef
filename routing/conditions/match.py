"""Whether the ids that conditions name exist in a region."""

from __future__ import annotations

from collections.abc import Iterable

from geodata.errors import Fault, InputError
from geodata.region import Region
from routing.conditions.catalogue import Catalogue
from routing.conditions.condition import Condition


def check(asked: Catalogue | Condition | Iterable[Condition], region: Region) -> None:
    """Make sure that links and posts named by id are there: a slip would stop nothing, unnoticed.

    Args:
        asked: conditions, or a catalogue of them.
        region: a valid region.

    Raises:
        InputError: with one fault for each id that the region lacks.
    """
    links = {*region.roads["link_id"], *region.ferries["link_id"]}
    posts = set(region.posts["post_id"])
    # By day and by night a condition names the same ids: each is told once.
    faults: dict[tuple[str, str], Fault] = {}
    for condition in _conditions(asked):
        for field, known, layer in (
            ("stopped_links", links, "roads, ferries"),
            ("stopped_posts", posts, "posts"),
        ):
            where = f"{condition.name}: {field}"
            for value in getattr(condition, field):
                if value not in known:
                    fault = Fault("condition_no_such_id", where, value, {"layer": layer})
                    faults[where, value] = fault
    if faults:
        raise InputError(list(faults.values()))


def _conditions(asked: Catalogue | Condition | Iterable[Condition]) -> Iterable[Condition]:
    if isinstance(asked, Condition):
        return (asked,)
    if isinstance(asked, Catalogue):
        return [asked.get(name) for name in asked.names]
    return asked
