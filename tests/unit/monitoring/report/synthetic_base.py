"""What the synthetic documents share."""

from datetime import datetime

DIGEST = "9f2c" * 16
NUMBERS = (
    "dep_hour",
    "distance",
    "air_time",
    "temp",
    "wind_speed",
    "precip",
    "visib",
    "pressure",
    "humid",
    "wind_gust",
    "seats",
    "plane_age",
    "inbound_delay",
    "queue_out",
    "month",
)
BEGINS = datetime(2013, 1, 1)
