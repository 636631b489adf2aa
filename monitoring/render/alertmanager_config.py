"""alertmanager.yaml: routes, receivers and inhibitions of all lifecycles that are rendered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mdlc.core.spec import Lifecycle
from mdlc.core.spec.monitor import Email, Slack, Webhook
from mdlc.monitoring.render import alert_routing, message_templates
from mdlc.monitoring.render.render_options import RenderOptions

NOBODY, TRIGGER = "mdlc-nobody", "mdlc-trigger"
TEMPLATE = "templates/mdlc.tmpl"


def config(lifecycles: Sequence[Lifecycle], *, options: RenderOptions) -> dict[str, Any]:
    """Return the configuration of an Alertmanager for these lifecycles alone.

    It contains no secrets, only the paths of their files as Alertmanager sees them.
    """
    receivers: list[dict[str, Any]] = [{"name": NOBODY}]
    if options.trigger_url is not None:
        receivers.append(_trigger(options))
    receivers += [_people(one) for one in lifecycles if alert_routing.people(one)]
    return {
        "route": {
            "receiver": NOBODY,
            "group_by": alert_routing.GROUP_BY,
            "group_wait": alert_routing.GROUP_WAIT,
            "group_interval": alert_routing.GROUP_INTERVAL,
            "repeat_interval": alert_routing.REPEAT["warning"],
            "routes": [_route(one, options=options) for one in lifecycles],
        },
        "receivers": receivers,
        "inhibit_rules": [
            {
                "source_matchers": [str(matcher) for matcher in rule.source],
                "target_matchers": [str(matcher) for matcher in rule.target],
                "equal": list(rule.equal),
            }
            for rule in alert_routing.INHIBITIONS
        ],
        "templates": [TEMPLATE],
    }


def people_name(lifecycle: Lifecycle) -> str:
    """Return the name of the receiver that notifies people."""
    return f"{lifecycle.name}-people"


def _route(lifecycle: Lifecycle, *, options: RenderOptions) -> dict[str, Any]:
    names = {"trigger": TRIGGER, "people": people_name(lifecycle)}
    route: dict[str, Any] = {
        "matchers": [str(alert_routing.Matcher("model", lifecycle.name))],
        "receiver": NOBODY,
    }
    ways = alert_routing.branches(lifecycle, trigger=options.trigger_url is not None)
    if ways:
        route["routes"] = [
            {
                "matchers": [str(matcher) for matcher in way.matchers],
                "receiver": names[way.to],
                "group_by": list(way.group_by),
                "repeat_interval": way.repeat,
                **({"continue": True} if way.go_on else {}),
            }
            for way in ways
        ]
    return route


def _trigger(options: RenderOptions) -> dict[str, Any]:
    hook: dict[str, Any] = {"url": f"{options.trigger_url}{alert_routing.TRIGGER_PATH}"}
    if options.trigger_token_file is not None:
        hook["http_config"] = _bearer(options.trigger_token_file)
    return {"name": TRIGGER, "webhook_configs": [{**hook, "send_resolved": True}]}


def _people(lifecycle: Lifecycle) -> dict[str, Any]:
    notify = lifecycle.spec.monitor.notify
    kinds = {
        "email_configs": [_email(one) for one in notify.email],
        "slack_configs": [_slack(one) for one in notify.slack],
        "webhook_configs": [_webhook(one) for one in notify.webhook],
    }
    return {
        "name": people_name(lifecycle),
        **{kind: receivers for kind, receivers in kinds.items() if receivers},
    }


def _email(email: Email) -> dict[str, Any]:
    account: dict[str, Any] = {}
    if email.username is not None:
        account["auth_username"] = email.username
    if email.password_file is not None:
        account["auth_password_file"] = email.password_file
    return {
        "to": ", ".join(email.to),
        "from": email.sender,
        "smarthost": email.smarthost,
        **account,
        "require_tls": email.require_tls,
        "headers": {"Subject": message_templates.SUBJECT},
        "text": message_templates.TEXT,
        "html": message_templates.HTML,
        "send_resolved": True,
    }


def _slack(slack: Slack) -> dict[str, Any]:
    return {
        "api_url_file": slack.url_file,
        "channel": slack.channel,
        "color": message_templates.SLACK_COLOR,
        "title": message_templates.SLACK_TITLE,
        "title_link": message_templates.SLACK_LINK,
        "fallback": message_templates.SLACK_TITLE,
        "text": message_templates.SLACK_TEXT,
        "mrkdwn_in": ["text"],
        "send_resolved": True,
    }


def _webhook(webhook: Webhook) -> dict[str, Any]:
    hook: dict[str, Any] = {"url": webhook.url}
    if webhook.token_file is not None:
        hook["http_config"] = _bearer(webhook.token_file)
    return {**hook, "send_resolved": True}


def _bearer(file: str) -> dict[str, Any]:
    return {"authorization": {"type": "Bearer", "credentials_file": file}}
