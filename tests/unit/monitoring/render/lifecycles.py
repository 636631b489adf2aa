"""Lifecycles with and without people to tell, for the tests of rendering."""

from __future__ import annotations

from typing import Any

from mdlc.core.spec import Lifecycle

EMAIL = {
    "to": ["ada@example.org", "ben@example.org"],
    "sender": "mdlc@example.org",
    "smarthost": "mail.example.org:587",
    "username": "mdlc",
    "password_file": "/run/secrets/smtp-password",
}
SLACK = {"channel": "#models", "url_file": "/run/secrets/slack-url"}
WEBHOOK = {"url": "https://hooks.example.org/mdlc", "token_file": "/run/secrets/hook-token"}
EVERYONE = {"email": [EMAIL], "slack": [SLACK], "webhook": [WEBHOOK]}


def lifecycle(
    name: str = "flights",
    *,
    notify: dict[str, Any] | None = None,
    monitor: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
) -> Lifecycle:
    """A small lifecycle whose alerts go to `notify`."""
    return Lifecycle.model_validate(
        {
            "apiVersion": "mdlc.dev/v1alpha1",
            "kind": "Lifecycle",
            "metadata": {"name": name, **(metadata or {})},
            "spec": {
                "business": {
                    "problem": "Which flights are late?",
                    "payoff": {
                        "actions": {
                            "warn": {"late": 8, "on_time": -3},
                            "nothing": {"late": 0, "on_time": 0},
                        },
                        "do_nothing": "nothing",
                    },
                },
                "data": {
                    "sources": {"rows": {"csv": "rows.csv"}},
                    "table": {"source": "rows"},
                    "target": "late",
                    "features": ["carrier", "dep_hour"],
                },
                "monitor": {"notify": notify or {}, **(monitor or {})},
            },
        }
    )
