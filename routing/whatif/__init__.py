"""What if: small changes to a region, and the responses that follow, fast enough to play with.

Numbers are those of the slow route, ``scenario.apply`` and a brief of the region that it gives;
only what a change touches is built anew.

>>> from routing import whatif                                            # doctest: +SKIP
>>> desk = whatif.Desk(region, parameters, catalogue)                     # doctest: +SKIP
>>> asked = whatif.read({"post": {"remove": [{"post_id": "P07"}]}})       # doctest: +SKIP
>>> desk.answer(asked)["zones"]["rural"]["now"]["mean_min"]               # doctest: +SKIP
16.4
"""

from routing.whatif.desk import Desk
from routing.whatif.request import Limits, read
from routing.whatif.saving import as_toml

__all__ = ["Desk", "Limits", "as_toml", "read"]
