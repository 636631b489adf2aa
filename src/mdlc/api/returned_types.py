"""Types of the layers below that methods of the public API return, for annotations.

They are plain documents: typed fields with descriptions, and almost no methods.
"""

from mdlc.cluster.cluster_status import ClusterStatus
from mdlc.kserve.deploy_release import DeployResult
from mdlc.life.prediction_trace import PredictionTrace
from mdlc.monitoring.render.render_monitoring import Rendered
from mdlc.state.rehearsal_documents import RehearsalRecord
from mdlc.state.release_documents import HistoryEntry, Pointer

__all__ = [
    "ClusterStatus",
    "DeployResult",
    "HistoryEntry",
    "Pointer",
    "PredictionTrace",
    "RehearsalRecord",
    "Rendered",
]
