"""The watch: takes one scrape and returns all signals and alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from mdlc.core.spec.monitor import Monitor
from mdlc.monitoring.alert_conditions import judge
from mdlc.monitoring.alert_states import AlertBook
from mdlc.monitoring.sample_store import SampleStore, parse
from mdlc.monitoring.signals import measure
from mdlc.state.watch_documents import Baseline, Observation

PREFIX = "mdlc_"


class Watch:
    """Watches one model. Its state is in `folder`: samples.sqlite and alerts.json.

    `identifiers`: columns that drift by their nature (ids, times) and never alert. `keep`: samples
    are kept for as long as the signals need them, and at least for this.
    """

    def __init__(
        self,
        monitor: Monitor,
        *,
        model: str,
        folder: Path,
        identifiers: Sequence[str],
        keep: timedelta = timedelta(0),
    ) -> None:
        self._monitor = monitor
        self._model = model
        self._ignored = {*identifiers, *monitor.drift.ignore}
        self.samples = SampleStore(folder / "samples.sqlite", keep=max(monitor.reach, keep))
        """Every scrape so far, as far back as they are kept."""
        self._book = AlertBook(folder / "alerts.json")

    def close(self) -> None:
        """Close the store of samples."""
        self.samples.close()

    def observe(self, time: datetime, exposition: str, *, baseline: Baseline) -> Observation:
        """Add one scrape and judge the window that ends with it.

        Call it once when serving begins and then steadily; `sample_store` explains the first
        scrape. If the process is killed between the two writes, call it again with the same scrape.

        Args:
            time: Time of the scrape, with a time zone.
            exposition: The text of the predictor's /metrics. Several replicas are joined and
                distinguished by a label `instance`.
            baseline: What the version that serves promised.

        Raises:
            ServiceError: the text is not an exposition.
            DataError: `time` has no zone, or is before the newest observation.
            ArtifactError: alerts.json was altered.
        """
        match = {"model": self._model}
        wanted = [
            sample
            for sample in parse(exposition)
            if sample.name.startswith(PREFIX) and set(match.items()) <= set(sample.labels)
        ]
        self.samples.append(time, wanted)
        match["version"] = baseline.version
        signals = measure(self.samples, monitor=self._monitor, match=match, time=time)
        conditions = judge(signals, monitor=self._monitor, baseline=baseline, ignored=self._ignored)
        alerts = self._book.update(
            conditions, version=baseline.version, time=time, hold=self._monitor.hold
        )
        seen = signals._asdict()
        for unsaid in ("due", "money_error", "judged_labels", "served_long"):
            del seen[unsaid]
        return Observation(time=time, version=baseline.version, alerts=alerts, **seen)
