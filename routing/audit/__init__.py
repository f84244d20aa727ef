"""Batch audits of recorded response times: files of call records in, defensible findings out."""

from __future__ import annotations

from routing.audit.asked import Asked, Audit
from routing.audit.modelled_side import Under
from routing.audit.options import Options, Period
from routing.audit.runner import STAGES, execute, run

__all__ = ["STAGES", "Asked", "Audit", "Options", "Period", "Under", "execute", "run"]
