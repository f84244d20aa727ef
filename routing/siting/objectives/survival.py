"""The objective of survival."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from routing.siting.goal import Goal, power_of_two, size_of
from routing.siting.problem import Floats, Ints
from routing.siting.proof import minimize
from routing.siting.task import Solved, Task


def survivors(times_min: Floats, parameters: tuple[float, float]) -> Floats:
    """Return the probability of survival by response time: ``1 / (1 + exp(a + b t))``.

    Args:
        times_min: minutes; inf gives 0.
        parameters: a and b; Erkut et al. (2008) take 0.679 and 0.262 from De Maio et al. (2003),
            for cardiac arrest outside hospital.
    """
    a, b = parameters
    reached = np.isfinite(times_min)
    return np.where(reached, expit(-(a + b * np.where(reached, times_min, 0.0))), 0.0)


def survival(task: Task) -> Solved:
    """At most `new` sites with the most expected survivors (MSLP).

    ``max sum_i w_i s(min_{j open} t_ij)`` with s falling in the response time (Erkut, Ingolfsson &
    Erdoğan 2008, doi:10.1002/nav.20267). Weights are then cases of the kind that s is about, for
    instance cardiac arrests a year.
    """
    frame, parameters = task.frame, task.question.survival
    master = task.master()
    today = survivors(frame.base, parameters)
    gains = np.maximum(survivors(frame.times, parameters) - today[:, None], 0.0)
    # Hours from help the chances, and with them what sites gain, are below what solvers can see.
    most = power_of_two(float(gains.max(initial=0.0)))
    block = master.add_gains(gains / most)

    def value(opened: Ints) -> float:
        return -float(frame.weights @ survivors(frame.open_times(opened), parameters))

    expression = -1.0 * block.total(frame.weights * most) - float(frame.weights @ today)
    goal = Goal(expression, value, size=size_of(expression))
    return Solved(minimize(master, goal), master, goal, breaks_ties=False)
