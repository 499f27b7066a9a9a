"""Who may do what: API keys, roles, and the one table of operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from starlette.requests import Request

from api.errors import Unauthenticated
from api.ports import Ports
from extask.errors import NotAllowed, NotFound
from extask.storage import keys
from extask.storage.rows import KeyRow

Role = Literal[
    "operator",
    "tenant_admin",
    "ou_admin",
    "workflow_admin",
    "service_owner",
    "service_supervisor",
    "user_supervisor",
    "agent",
    "flow",
]
ROLES: tuple[Role, ...] = get_args(Role)

_ADMINS: frozenset[Role] = frozenset({"tenant_admin", "ou_admin"})
_SENDERS: frozenset[Role] = _ADMINS | {"flow", "service_owner", "service_supervisor"}
_WATCHERS: frozenset[Role] = _SENDERS | {"workflow_admin", "user_supervisor"}
_STAFF: frozenset[Role] = _WATCHERS | {"agent"}
_AUTHORS: frozenset[Role] = frozenset({"tenant_admin", "workflow_admin"})
_LEADERS: frozenset[Role] = _ADMINS | {"service_supervisor", "user_supervisor"}
_AGENT: frozenset[Role] = frozenset({"agent"})

OPEN = frozenset({"GetLiveness", "GetReadiness", "GetVersion"})
"""Operations that need no key, for probes; they tell nothing of any tenant."""

PERMISSIONS: Mapping[str, frozenset[Role]] = {
    "CreateTask": _SENDERS,
    "ListTasks": _WATCHERS,
    "GetTask": _STAFF,
    "UpdateTask": _SENDERS,
    "CancelTask": _SENDERS,
    "AbortTask": _LEADERS,
    "SendTaskEvent": _SENDERS,
    "AssignTask": _LEADERS,
    "PullBackTask": _LEADERS,
    "TransferTask": _LEADERS,
    "ExplainTask": _WATCHERS,
    "GetTaskTimeline": _WATCHERS,
    "GetTaskGraph": _WATCHERS,
    "PreviewTaskJob": _LEADERS,
    "CreateTaskJob": _LEADERS,
    "ListTaskJobs": _LEADERS | {"workflow_admin"},
    "GetTaskJob": _LEADERS | {"workflow_admin"},
    "ListTaskJobResults": _LEADERS | {"workflow_admin"},
    "StopTaskJob": _LEADERS,
    "ListSessions": _LEADERS | {"agent", "service_owner"},
    "AcceptSessions": _AGENT,
    "DeclineSessions": _AGENT,
    "CompleteSessions": _AGENT,
    "ReturnSessions": _AGENT,
    "HoldSessions": _AGENT,
    "ResumeSessions": _AGENT,
    "ExtendWrapUps": _AGENT,
    "EndWrapUps": _AGENT,
    "ListPickups": _AGENT,
    "PickUpTasks": _AGENT,
    "TransferSessions": _AGENT,
    "ListAgents": _WATCHERS,
    "CreateAgent": _ADMINS,
    "GetAgent": _STAFF,
    "UpdateAgent": _ADMINS | {"user_supervisor"},
    "SetAgentState": _LEADERS | {"agent"},
    "StartEngagement": _LEADERS | {"agent", "flow"},
    "EndEngagement": _LEADERS | {"agent", "flow"},
    "SendHeartbeat": _AGENT,
    "ListServices": _STAFF,
    "GetService": _STAFF,
    "CreateService": _ADMINS,
    "UpdateService": _ADMINS | {"service_owner"},
    "ListServiceSessions": _LEADERS | {"service_owner"},
    "ListUserSessions": _LEADERS | {"service_owner"},
    "GetAggregates": _LEADERS | {"service_owner"},
    "ListDutyProfiles": _STAFF,
    "PutDutyProfile": _ADMINS | {"user_supervisor"},
    "RemoveDutyProfile": _ADMINS | {"user_supervisor"},
    "ListFlows": _WATCHERS,
    "GetFlow": _WATCHERS,
    "PutFlow": _ADMINS,
    "RemoveFlow": _ADMINS,
    "ListAllowedUrls": _WATCHERS,
    "GetAllowedUrl": _WATCHERS,
    "PutAllowedUrl": _ADMINS,
    "RemoveAllowedUrl": _ADMINS,
    "ListCalendars": _STAFF,
    "GetCalendar": _STAFF,
    "PutCalendar": _ADMINS | {"service_owner"},
    "RemoveCalendar": _ADMINS | {"service_owner"},
    "GetCalendarHours": _STAFF,
    "ListPools": _WATCHERS,
    "GetPool": _WATCHERS,
    "ListTenants": _WATCHERS,
    "GetTenant": _WATCHERS,
    "UpdateTenant": frozenset({"tenant_admin"}),
    "CreatePool": _ADMINS,
    "UpdatePool": _ADMINS,
    "CheckDefinition": _WATCHERS,
    "SimulateDefinition": _WATCHERS,
    "PublishDefinition": _AUTHORS,
    "ListDefinitions": _WATCHERS,
    "GetDefinition": _WATCHERS,
    "GetParamsSchema": _WATCHERS,
    "ListVersions": _WATCHERS,
    "DiffVersions": _WATCHERS,
    "SetCurrentVersion": _AUTHORS,
    "SetCanary": _AUTHORS,
    "EndCanary": _AUTHORS,
    "DeprecateVersion": _AUTHORS,
    "RetireVersion": _AUTHORS,
    "SaveDraft": _AUTHORS,
    "GetDraft": _WATCHERS,
    "DropDraft": _AUTHORS,
    "PublishDraft": _AUTHORS,
    "PreviewMigration": _AUTHORS,
    "MigrateTasks": _AUTHORS,
    "GetCatalogue": _WATCHERS,
    "ListApiKeys": frozenset({"tenant_admin"}),
    "CreateApiKey": frozenset({"tenant_admin"}),
    "RevokeApiKey": frozenset({"tenant_admin"}),
    "GetHealthReport": _LEADERS | {"operator"},
}
"""Operation → roles that may call it. An agent is further bound to what is their own."""


@dataclass(frozen=True)
class Principal:
    """Who asks: the tenant and role of their key, and whose key it is."""

    tenant: str
    role: Role
    name: str
    id: str
    """Names the key without opening anything; idempotency keys belong to it."""
    agent: str | None = None

    def acting_agent(self) -> str:
        """Answer the agent whose key this is.

        Raises:
            NotAllowed: it is no agent's key.
        """
        if self.agent is None:
            raise NotAllowed("This key belongs to no agent.")
        return self.agent

    def must_reach(self, agent: str) -> None:
        """Hold that an agent's key is used about that agent only.

        Raises:
            NotFound: the key is another agent's.
        """
        if self.role == "agent" and self.agent != agent:
            raise NotFound("There is no such agent for this key.")


async def authorize(request: Request, operation: str) -> Principal | None:
    """Answer who asks for an operation; None for one that is open.

    Raises:
        Unauthenticated: there is no usable key.
        NotAllowed: the key's role may not do this.
    """
    if operation in OPEN:
        return None
    principal = await _identify(request)
    if principal.role not in PERMISSIONS[operation]:
        raise NotAllowed(f"The role {principal.role} may not do this ({operation}).")
    return principal


async def _identify(request: Request) -> Principal:
    ports: Ports = request.app.state.ports
    secret = _secret(request)
    async with ports.database.connect() as connection:
        key = await keys.find(connection, keys.fingerprint(secret))
    if key is None or not key.usable(ports.clock()):
        raise Unauthenticated("This API key is unknown, expired or revoked.")
    return _principal(key)


def _secret(request: Request) -> str:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    secret = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not secret:
        raise Unauthenticated
    return secret


def _principal(key: KeyRow) -> Principal:
    role = next((each for each in ROLES if each == key.role), None)
    if role is None or (role == "agent") != (key.agent is not None):
        raise Unauthenticated("This API key has no role that this version knows.")
    return Principal(key.tenant, role, key.name, key.id, key.agent)
