"""The distributor's judgement: who gets which task, and when."""

from extask.distribution.distributor import Distributor
from extask.distribution.explain import RULES, WHY
from extask.distribution.views import Overview, ServiceView, SessionView

__all__ = ["RULES", "WHY", "Distributor", "Overview", "ServiceView", "SessionView"]
