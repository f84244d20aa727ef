"""Where the next posts should go: solver-free problems, OR-Tools behind them."""

from routing.siting.problem import SitingProblem
from routing.siting.result import SitingResult
from routing.siting.solve import OBJECTIVES, solve

__all__ = ["OBJECTIVES", "SitingProblem", "SitingResult", "solve"]
