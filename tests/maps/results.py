"""Made-up results of a proposal and of an audit, as the commands hand them over."""

from __future__ import annotations

from typing import Any

from tests.maps.conftest import zones

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00"
    b"\x90wS\xde\x00\x00\x00\x0cIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\r\xefF\xb8\x00\x00"
    b"\x00\x00IEND\xaeB`\x82"
)
"""One white pixel."""


def plan(brief: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a proposal for the region of a brief."""
    shared = ("region", "condition", "daylight", "start_stamp", "network", "assumptions",
              "sources", "notices")  # fmt: skip
    sites = [
        {"id": "s0", "name_zh": "松屿岛新点", "name_en": "", "lon": 122.0, "lat": 30.0,
         "kind": "ambulance_post", "island": "松屿岛", "serves_population": 1200.0,
         "gain_min": 4.5, "chosen_share": 0.75},
    ]  # fmt: skip
    before, after = zones(10.4, 18.2), zones(9.9, 13.2)
    step = {"main_urban_mean_min": 9.9, "main_urban_share_within_target": 0.7,
            "rural_mean_min": 13.2, "rural_share_within_target": 0.6, "worst_island": "远灯岛",
            "worst_island_min": 44.0, "sites": "s0", "instead": "", "without": "s0"}  # fmt: skip
    return {
        "schema": "island-response/propose/1",
        **{key: brief[key] for key in shared},
        "objective": "min-sites", "status": "optimal", "statement": "reached",
        "objective_value": 1, "bound": 1.0, "gap": 0.0, "runtime_s": 0.7, "solver": "CP-SAT",
        "candidates": 42, "new_posts": 1, "sites": sites, "closed": [],
        "before": before, "after": after,
        "conditions": [
            {"name": "calm@day", "share": 0.7, "before": before, "after": after},
            {"name": "no_helicopter@night", "share": 0.3, "before": zones(10.4, 21.6),
             "after": zones(9.9, 15.5)},
        ],
        "curve": [
            {"new": 0, "status": "optimal", **step}, {"new": 1, "status": "feasible", **step},
        ],
        "alternatives": [{"rank": 0, **step}, {"rank": 1, **step}],
        "alternatives_complete": True,
        "sensitivity_runs": [
            {"state": "slower_10", "slower": 0.1, "held_main_urban_mean_min": 10.0,
             "held_rural_mean_min": 13.9, "best_main_urban_mean_min": 10.0,
             "best_rural_mean_min": 13.5, "sites": "s0;s4"},
            {"state": "slower_20", "slower": 0.2, "held_main_urban_mean_min": 10.6,
             "held_rural_mean_min": 15.1, "best_main_urban_mean_min": 10.5,
             "best_rural_mean_min": 13.8, "sites": "s0;s4"},
        ],
        "sensitivity_sites": [
            {"id": "s0", "name_zh": "松屿岛新点", "name_en": "", "proposed": True,
             "chosen_share": 0.75},
        ],
        "gains_by_island": [
            {"island_id": "i0", "name_zh": "松屿岛", "name_en": "Songyu Island",
             "population": 10_800.0, "before_min": 10.0, "after_min": 7.5, "gain_min": 2.5,
             "newly_reached_population": 0.0},
        ],
        "unreachable": [],
    }  # fmt: skip


def infeasible(brief: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a proposal that has no answer."""
    return plan(brief) | {
        "status": "infeasible", "statement": "infeasible", "objective_value": None, "bound": None,
        "gap": None, "new_posts": 0, "sites": [], "after": zones(10.4, 18.2), "curve": [],
        "relaxation": {
            "proven": True, "rules": ["budget"],
            "relaxed": [
                {"what": "mean", "of": "zone", "label": "rural", "condition": None, "asked": 14.0,
                 "needed": 15.2},
                {"what": "share", "of": "zone", "label": "rural", "condition": None, "asked": 0.9,
                 "needed": 0.8},
            ],
        },
        "blocking": [
            {"island_id": "i9", "name_zh": "远灯岛", "population": 300.0, "mean_min": 44.0,
             "soonest_min": 31.0, "asked": 30.0, "needed": 31.0},
        ],
    }  # fmt: skip


def recorded(n: int, mean: float, target: float | None, **more: Any) -> dict[str, Any]:
    """Return the statistics of some recorded calls."""
    return {
        "n": n, "mean_min": mean, "mean_low_min": mean - 0.3, "mean_high_min": mean + 0.3,
        "median_min": mean - 1, "p90_min": mean + 8, "share_within_target": 0.71,
        "target_min": target, "target_met": None if target is None else mean <= target,
    } | more  # fmt: skip


def audit() -> dict[str, Any]:
    """Return the result of an audit."""
    few = {"n": None, "mean_min": None, "suppressed": True}
    return {
        "schema": "island-response/audit/1",
        "region": {"name_zh": "松屿群岛", "name_en": "Songyu Islands"},
        "start_stamp": "answer", "synthetic": True,
        "period": {"first": "2024-01", "last": "2024-12"},
        "records": {"read": 2100, "used": 2000, "rejected": 100,
                    "rejected_by_reason": {"cancelled": 70, "duplicate": 30}},
        "overall": recorded(2000, 12.4, None),
        "zones": {"main_urban": recorded(1200, 10.5, 11.0), "rural": recorded(800, 14.1, 14.0)},
        "late": {"n": 800},
        "trends": [
            {"of": "rural", "months": 12, "slope_min_per_year": -0.42, "low_min_per_year": -0.9,
             "high_min_per_year": 0.1},
        ],
        "changes": [
            {"of": "overall", "earlier": ["2023-01", "2023-02"], "later": ["2024-01", "2024-02"],
             "n_earlier": 900, "n_later": 950, "mean_earlier_min": 13.3, "mean_later_min": 12.4,
             "mean_min": -0.9, "mean_low_min": -1.3, "mean_high_min": -0.5},
        ],
        "calibration": {"text_zh": "实测慢一成。", "text_en": "A tenth slower than modelled."},
        "phases": {
            "call_handling": recorded(1990, 2.31, None, norm_min=3, norm_share=0.95,
                                      share_within_norm=0.921, norm_met=False),
            "answering": recorded(1990, 0.11, None, norm_min=0.1667, norm_share=0.95,
                                  share_within_norm=0.991, norm_met=True),
            "turnout": recorded(1980, 2.52, None),
            "travel": recorded(1970, 7.63, None), "scene": dict(few),
        },
        "groups": {
            "county": [
                {"label": "海东县", **recorded(1500, 11.5, 12.0)}, {"label": "外岛县", **few},
            ],
            "vehicle_kind": {"ambulance": recorded(1900, 12.0, 12.2)},
            "weekday": {"1": recorded(300, 12.0, 12.2), "2": recorded(310, 12.1, 12.2)},
            "weekday_hour": {"1 00": recorded(9, 55.5, 12.2)},
        },
        "late_causes": [
            {"cause": "distance", "n": 400, "share": 0.5, "suppressed": False},
            {"cause": "their own words", "n": None, "share": None, "suppressed": True},
        ],
        "notices": [
            {"key": "clock", "text_zh": "三台车的时钟偏慢。", "text_en": "Three clocks lag."},
        ],
        "sources": [],
    }  # fmt: skip
