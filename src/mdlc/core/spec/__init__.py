"""The lifecycle file as typed, frozen sections; see load.load."""

from mdlc.core.spec.business import Business, Payoff
from mdlc.core.spec.data import Data
from mdlc.core.spec.deploy import Deploy
from mdlc.core.spec.lifecycle import Lifecycle, Spec
from mdlc.core.spec.load import load
from mdlc.core.spec.model import Explore, Model, Split, Task
from mdlc.core.spec.monitor import Drift, Monitor
from mdlc.core.spec.promotion import Promotion
from mdlc.core.spec.retrain import Guard, Retrain

__all__ = [
    "Business",
    "Data",
    "Deploy",
    "Drift",
    "Explore",
    "Guard",
    "Lifecycle",
    "Model",
    "Monitor",
    "Payoff",
    "Promotion",
    "Retrain",
    "Spec",
    "Split",
    "Task",
    "load",
]
