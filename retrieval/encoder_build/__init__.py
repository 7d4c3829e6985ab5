"""Makes the encoder folder that `retrieval.encoder.OnnxEncoder` serves; needs onnx, never torch."""
