"""The digest of the parts of the lifecycle file that a model depends on."""

from __future__ import annotations

from mdlc.core.files import digest_json
from mdlc.core.spec import Lifecycle

SPEC = "spec"
"""Key in a run's evidence: the digest of the file that the run reads."""


def spec_digest(lifecycle: Lifecycle) -> str:
    """Return the digest of the sections business, data, explore, model and deploy.promote.

    The rest, such as an alert's bound, quiet hours or a port, can change without a new model.
    """
    spec = lifecycle.spec
    parts = spec.model_dump(
        mode="json", by_alias=True, include={"business", "data", "explore", "model"}
    )
    promote = spec.deploy.promote.model_dump(mode="json", by_alias=True)
    return digest_json({**parts, "promote": promote})
