"""The least server that answers the same question: FastAPI, ONNX Runtime, and nothing kept.

It checks nothing, logs nothing, counts nothing, has one version and no ids: python peer_server.py
BUNDLE PORT.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI, Request

from mdlc.core import cleaning
from mdlc.core.bundle import ONNX, open_bundle


def create(folder: Path) -> FastAPI:
    """Return the app for the bundle in `folder`."""
    manifest, _ = open_bundle(folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / ONNX), sess_options=options, providers=["CPUExecutionProvider"]
    )
    inputs = [item.name for item in session.get_inputs()]
    app = FastAPI()

    @app.post("/predict")
    async def predict(request: Request) -> dict[str, list[list[float]]]:
        instances = (await request.json())["instances"]
        batch = {}
        for feature in manifest.features:
            values = [row[feature.name] for row in instances]
            if feature.kind == "category":
                batch[feature.name] = np.array([value or "" for value in values], dtype=object)
            else:
                batch[feature.name] = np.array(values, dtype=np.float32)
        cleaned = cleaning.apply(manifest.cleaning, batch)
        feed = {name: cleaned[name][:, None] for name in inputs}
        return {"scores": session.run(["scores"], feed)[0].tolist()}

    return app


if __name__ == "__main__":
    uvicorn.run(
        create(Path(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning"
    )
