"""Has the champion seen the test rows? Then it cannot be compared on them."""

from __future__ import annotations

from mdlc.core.bundle import Manifest
from mdlc.core.documents.prepared_data import Prepared


def reasons(champion: Manifest | None, prepared: Prepared) -> list[str]:
    """Say why the champion's answers about the test rows are not fair; [] if they are.

    A champion was trained and tuned on all rows before its own test began. Of rows without a time
    it kept a share out, by a hash of their keys: a larger share now has rows that it learnt from.
    """
    if champion is None:
        return []
    begins = prepared.boundaries.get("test")
    if begins is not None and champion.tested_from is not None and begins < champion.tested_from:
        return [
            f"the champion learnt from rows up to {champion.tested_from:%Y-%m-%d %H:%M}, and the "
            f"test begins at {begins:%Y-%m-%d %H:%M}: it knows the answers. Make the test window "
            "shorter (spec.retrain.test, spec.model.split.test), or wait for newer rows."
        ]
    share, kept = prepared.test_ratio, champion.tested_ratio
    if share is not None and kept is not None and share > kept:
        return [
            f"the champion learnt from rows of this test: it kept {kept:.0%} of the rows out, and "
            f"spec.model.split.test_ratio is now {share:.0%}. Give the old one back."
        ]
    return []
