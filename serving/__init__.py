"""The predictor: a KServe model server with a payload log, feedback and metrics.

    model_server        the program; predictor_app puts its parts together
      -> predictor        scores a request's rows: request_rows, active_models, canary_routing
      -> payload_log      each prediction by its id, and the label that came for it later
      -> label_feedback   labels that come late become counts of quality and money
      -> predictor_metrics  counts of bins, labels and money, for Prometheus
    model_repository    which version serves, by the pointer file; pointer_follower follows it

See README.md for the protocol.
"""
