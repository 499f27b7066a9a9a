"""What operators read in Temporal UI about a pool: queues, agents, what is undelivered."""

from __future__ import annotations

from extask.distribution import Overview


def markdown(overview: Overview, undelivered: int) -> str:
    """Describe a pool at one moment, in Markdown."""
    agents = ", ".join(f"{count} {doing}" for doing, count in sorted(overview.agents.items()))
    lines = [
        "| service | waiting | offered | with agents | agents in reach |",
        "|---|---|---|---|---|",
        *(
            f"| {it.service} | {it.waiting} | {it.offered} | {it.engaged} "
            f"| {it.reachable} of {it.members} |"
            for it in overview.services
        ),
        "",
        f"Agents: {agents or 'none'}. Undelivered events: {undelivered}.",
        "",
        f"_As of {overview.at:%Y-%m-%d %H:%M:%S} UTC, configuration {overview.version}._",
    ]
    return "\n".join(lines)
