"""The watch: one scrape in, all signals and alerts out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from mdlc.core.spec.monitor import Monitor
from mdlc.monitoring.alert_conditions import judge
from mdlc.monitoring.alert_states import AlertBook
from mdlc.monitoring.sample_store import SampleStore, parse
from mdlc.monitoring.signals import measure
from mdlc.state.watch_documents import Baseline, Observation

PREFIX = "mdlc_"


class Watch:
    """Watches one model. Its folder holds samples.sqlite and alerts.json, all it remembers.

    `identifiers` are the columns that drift by their nature (ids, times); they never alert.
    """

    def __init__(
        self, monitor: Monitor, *, model: str, folder: Path, identifiers: Sequence[str]
    ) -> None:
        self._monitor = monitor
        self._model = model
        self._ignored = {*identifiers, *monitor.drift.ignore}
        keep = monitor.window + max(monitor.labels_within, monitor.warm_up)
        self._store = SampleStore(folder / "samples.sqlite", keep=keep + monitor.window)
        self._book = AlertBook(folder / "alerts.json")

    def close(self) -> None:
        """Close the store of samples."""
        self._store.close()

    def observe(self, time: datetime, exposition: str, *, baseline: Baseline) -> Observation:
        """Add one scrape and judge the window that ends with it.

        `exposition` is the text of the predictor's /metrics (several replicas: joined, told apart
        by an `instance` label). `baseline.version` is the version that serves. Observed once when
        serving begins and then steadily; see samples for what the first scrape means. Killed
        between its two writes, it can be called again with the same scrape.

        Raises:
            ServiceError: the text is not an exposition.
            DataError: `time` has no zone or lies before the newest observation.
            ArtifactError: alerts.json was altered.
        """
        match = {"model": self._model}
        wanted = [
            sample
            for sample in parse(exposition)
            if sample.name.startswith(PREFIX) and set(match.items()) <= set(sample.labels)
        ]
        self._store.append(time, wanted)
        match["version"] = baseline.version
        signals = measure(self._store, monitor=self._monitor, match=match, time=time)
        conditions = judge(signals, monitor=self._monitor, baseline=baseline, ignored=self._ignored)
        alerts = self._book.update(
            conditions, version=baseline.version, time=time, hold=self._monitor.hold
        )
        seen = signals._asdict()
        del seen["due"], seen["money_error"]
        return Observation(time=time, version=baseline.version, alerts=alerts, **seen)
