"""The route for what operators ask when something seems wrong."""

from __future__ import annotations

from api.operations import health_report
from api.routes.guard import In, Who, router
from api.shapes.health import HealthReport

routes = router("operations", prefix="/health/report")


@routes.get("")
async def get_health_report(ports: In, who: Who) -> HealthReport:
    """Tell line by line whether all is well.

    Looks at Temporal, the database's form, workers, the reconciler, and the pools, lost tasks and
    repairs of the tenant. Each line that is not well says what to do.
    """
    return await health_report.report(ports, who)
