"""The predictor: a KServe model server with a payload log, feedback and metrics.

    model_server        the program; predictor_app assembles its parts
      -> predictor        scores a request's rows: request_rows, active_models, canary_routing
      -> payload_log      stores each prediction by its id, and the label that comes later
      -> label_feedback   turns labels into counts of quality and money
      -> predictor_metrics  counts of bins, labels and money, for Prometheus
    model_repository    loads the version that the pointer file names; pointer_follower polls it

See README.md for the protocol.
"""
