"""What of the lifecycle file a model depends on, as one digest."""

from __future__ import annotations

from mdlc.core.files import digest_json
from mdlc.core.spec import Lifecycle

SPEC = "spec"
"""The key in a run's evidence: the digest of the file that it reads."""


def spec_digest(lifecycle: Lifecycle) -> str:
    """Return the digest of what a model depends on.

    That is business, data, explore, model and deploy.promote: a bound of an alert, the quiet hours
    or a port can change without a new model.
    """
    spec = lifecycle.spec
    parts = spec.model_dump(
        mode="json", by_alias=True, include={"business", "data", "explore", "model"}
    )
    promote = spec.deploy.promote.model_dump(mode="json", by_alias=True)
    return digest_json({**parts, "promote": promote})
