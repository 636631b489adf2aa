"""The bodies that may be posted to the trigger, parsed and checked.

Nothing of a payload is executed, opened, or put into a command, a path or the text of a query. Used
of an alert are the labels model, reason, alertname, severity and version and, cut to a bounded
length as evidence, its annotations.
"""

from __future__ import annotations

from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mdlc.core.files import digest_json
from mdlc.retraining.standing_alerts import StandingAlert
from mdlc.services.refusals import Refusal

REASONS = frozenset({"calibration", "skill", "accuracy", "money", "drift"})
"""Reasons that an alert may give. The others of retrain.when come from the trigger itself or from a
person: an alert must not say "manual", which is exempt from the cooldown."""
NAME, TEXT, KEY = 100, 500, 64
"""How many characters are kept: of a label's value, of the annotations, of a fingerprint."""
MOST_ALERTS = 5000
T = TypeVar("T", bound=BaseModel)


class WebhookAlert(BaseModel):
    """One alert of a notification; its other fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    fingerprint: str = ""

    @property
    def key(self) -> str:
        """The alert's identity: Alertmanager's fingerprint, or else a digest of its labels."""
        return self.fingerprint[:KEY] or digest_json(self.labels)

    @property
    def counts(self) -> bool:
        """Whether the alert may start a retraining."""
        return self.labels.get("reason") in REASONS

    def standing(self) -> StandingAlert:
        """Return the alert as the ledger keeps it."""
        said = [self.annotations.get(key, "") for key in ("summary", "description")]
        return StandingAlert(
            fingerprint=self.key,
            name=self.labels.get("alertname", "")[:NAME],
            reason=self.labels["reason"],
            severity=self.labels.get("severity", "")[:NAME],
            version=self.labels.get("version", "")[:NAME],
            text=" ".join(" ".join(said).split())[:TEXT],
        )


class Notification(BaseModel):
    """A notification by Alertmanager's webhook."""

    model_config = ConfigDict(extra="ignore")

    version: Literal["4"]
    alerts: list[WebhookAlert] = Field(max_length=MOST_ALERTS)


class RetrainRequest(BaseModel):
    """A person's request to retrain."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(max_length=NAME)
    why: str = Field("asked for by a person", max_length=TEXT)
    force: bool = Field(False, strict=True)


def parse_notification(body: bytes) -> Notification:
    """Parse the body of Alertmanager's webhook.

    Raises:
        Refusal: the body is not a notification.
    """
    return _read(body, Notification)


def parse_retrain_request(body: bytes) -> RetrainRequest:
    """Parse the body of a person's request.

    Raises:
        Refusal: the body is not such a request.
    """
    return _read(body, RetrainRequest)


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])[:NAME]
        message = f"{place or 'body'}: {first['msg'][:200]}"
        raise Refusal(message, reason="invalid") from error
