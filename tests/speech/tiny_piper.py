"""A Piper voice built from nothing: the real graph's inputs and outputs, a buzz for a sound."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

RATE, FRAME, FRAMES = 22_050, 256, 6
SYMBOLS = "_^$ !'(),-.:;?abcdefghijklmnopqrstuvwxyzæçðøħŋœɐɑɒɔɕɖəɚɛɜɟɡɪɫɬɭɯɲɳɴɹɾʀʁʂʃʈʊʋʌʏʐʒʔʝˈˌːˑθ"


def build(folder: Path, *, noise: bool = False) -> Path:
    """Write ``tiny.onnx`` and its settings; every phoneme id sounds for its own time."""
    import onnx
    from onnx import TensorProto as T
    from onnx import helper as h
    from onnx import numpy_helper as n

    def const(name, value):
        return n.from_array(np.asarray(value), name)

    # Durations: 6 frames times the length scale for every id, as a VITS voice rounds them up.
    nodes = [
        h.make_node("Cast", ["input"], ["ids"], to=T.FLOAT),
        h.make_node("Gather", ["scales", "one"], ["length_scale"]),
        h.make_node("Mul", ["ids", "zero"], ["zeros"]),
        h.make_node("Add", ["zeros", "frames"], ["w"]),
        h.make_node("Mul", ["w", "length_scale"], ["w_scaled"]),
        h.make_node("Ceil", ["w_scaled"], ["w_ceil"]),
        # Every id sounds as long as its duration says; they are all equal.
        h.make_node("Reshape", ["w_ceil", "flat_shape"], ["durations"]),
        h.make_node("Gather", ["durations", "first"], ["duration"]),
        h.make_node("Mul", ["duration", "frame"], ["samples"]),
        h.make_node("Range", ["zero", "samples", "unit"], ["places"]),
        h.make_node("Mul", ["places", "pitch"], ["phase"]),
        h.make_node("Unsqueeze", ["ids", "axes2"], ["columns"]),
        h.make_node("Mul", ["columns", "phase"], ["angles"]),
        h.make_node("Sin", ["angles"], ["waves"]),
        h.make_node("Reshape", ["waves", "shape"], ["flat"]),
    ]
    last = "flat"
    if noise:
        nodes += [
            h.make_node("RandomNormalLike", ["flat"], ["random"]),
            h.make_node("Gather", ["scales", "first"], ["noise_scale"]),
            h.make_node("Mul", ["random", "noise_scale"], ["hiss"]),
            h.make_node("Add", ["flat", "hiss"], ["noisy"]),
        ]
        last = "noisy"
    nodes.append(h.make_node("Unsqueeze", [last, "axes1"], ["output"]))
    constants = [
        const("flat_shape", np.array([-1])), const("frame", np.float32(FRAME)),
        const("unit", np.float32(1)), const("pitch", np.float32(0.003)),
        const("one", np.int64(1)), const("first", np.int64(0)), const("zero", np.float32(0)),
        const("frames", np.float32(FRAMES)), const("axes2", np.array([2])),
        const("axes1", np.array([1])), const("shape", np.array([1, -1])),
    ]  # fmt: skip
    graph = h.make_graph(
        nodes, "tiny",
        [h.make_tensor_value_info("input", T.INT64, [1, "phonemes"]),
         h.make_tensor_value_info("input_lengths", T.INT64, [1]),
         h.make_tensor_value_info("scales", T.FLOAT, [3])],
        [h.make_tensor_value_info("output", T.FLOAT, [1, 1, "time"])],
        constants,
    )  # fmt: skip
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 15)], ir_version=8)
    onnx.checker.check_model(model)
    path = folder / "tiny.onnx"
    path.write_bytes(model.SerializeToString())
    settings = {
        "audio": {"sample_rate": RATE}, "espeak": {"voice": "en-us"}, "num_speakers": 1,
        "num_symbols": len(SYMBOLS), "phoneme_type": "espeak", "speaker_id_map": {},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_id_map": {symbol: [i] for i, symbol in enumerate(SYMBOLS)},
    }  # fmt: skip
    path.with_name("tiny.onnx.json").write_text(json.dumps(settings), "utf-8")
    return path
