#!/usr/bin/env python3
"""Writes the tests that ship inside the `onnx` package as folders that run-reference.ts serves: onnx-reference.py FOLDER.

A case is written when Python's onnxruntime passes it and the Open Inference Protocol can carry its tensors; each of the
others is listed with the reason. What onnxruntime answers here is what Galley has to answer.
"""
import base64
import json
import os
import sys

try:
    import numpy as np
    import onnx
    import onnxruntime as ort
    from onnx import numpy_helper
    from onnx.backend.test.loader import load_model_tests
except ImportError as missing:
    print(f"skipped: {missing}; this needs the Python packages onnx, onnxruntime and numpy", file=sys.stderr)
    sys.exit(77)

DATATYPES = {
    "tensor(bool)": "BOOL",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(float16)": "FP16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}
KINDS = ["node", "simple", "pytorch-operator", "pytorch-converted", "light"]


class OutOfScope(Exception):
    """The protocol cannot carry it, or Python's onnxruntime does not pass it."""


def main(target):
    ort.set_default_logger_severity(4)
    manifest = {"cases": [], "outOfScope": []}
    for kind in KINDS:
        for case in cases_of(kind):
            name = f"{kind}.{case['name']}"
            try:
                manifest["cases"].append(write(target, name, case))
            except OutOfScope as reason:
                manifest["outOfScope"].append({"name": name, "reason": str(reason)})
    # They need weights from the network.
    for case in load_model_tests(kind="real"):
        manifest["outOfScope"].append({"name": f"real.{case.name}", "reason": "must be downloaded"})
    with open(os.path.join(target, "manifest.json"), "w") as file:
        json.dump(manifest, file)
    print(f"{len(manifest['cases'])} cases written, {len(manifest['outOfScope'])} out of scope")


def cases_of(kind):
    if kind == "light":
        yield from light_cases()
        return
    for case in sorted(load_model_tests(kind=kind), key=lambda each: each.name):
        sets = case.data_sets if case.model_dir is None else sets_in(case.model_dir)
        if case.model_dir is None:
            model = case.model.SerializeToString()
        else:
            with open(os.path.join(case.model_dir, "model.onnx"), "rb") as file:
                model = file.read()
        yield {"name": case.name, "model": model, "sets": sets, "rtol": case.rtol, "atol": case.atol}


def light_cases():
    """Published nets with made-up weights and an input of rising numbers, as onnx's own runner feeds them."""
    folder = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "light")
    for file_name in sorted(os.listdir(folder)):
        if not file_name.endswith(".onnx"):
            continue
        with open(os.path.join(folder, file_name), "rb") as file:
            model = file.read()
        parsed = onnx.load_from_string(model)
        constants = {each.name for each in parsed.graph.initializer}
        [taken] = [each for each in parsed.graph.input if each.name not in constants]
        shape = [size.dim_value for size in taken.type.tensor_type.shape.dim]
        count = int(np.prod(shape))
        rising = (np.arange(count).astype(np.float32) / count).reshape(shape)
        # Nothing is expected but what onnxruntime itself gives.
        yield {"name": file_name[:-5], "model": model, "sets": [([rising], None)], "rtol": 1e-3, "atol": 1e-6}


def sets_in(folder):
    """Like onnx's runner: input_0.pb, input_1.pb, … and output_0.pb, … of each data set."""
    sets = []
    for data_set in sorted(each for each in os.listdir(folder) if each.startswith("test_data_set_")):
        inside = os.path.join(folder, data_set)
        sets.append(([*protos(inside, "input")], [*protos(inside, "output")]))
    return sets


def protos(folder, prefix):
    index = 0
    while os.path.exists(path := os.path.join(folder, f"{prefix}_{index}.pb")):
        with open(path, "rb") as file:
            yield file.read()
        index += 1


def array_of(value):
    if isinstance(value, bytes):
        tensor = onnx.TensorProto()
        tensor.ParseFromString(value)
        return numpy_helper.to_array(tensor)
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    if value is None or isinstance(value, (list, dict)):
        raise OutOfScope("an input that is no tensor")
    return np.asarray(value)


def write(target, name, case):
    try:
        session = ort.InferenceSession(case["model"], providers=["CPUExecutionProvider"])
    except Exception as error:
        raise OutOfScope(f"Python's onnxruntime does not load it ({kind_of(error)})") from error
    # Looked at before anything runs: types are a matter of the protocol.
    for each in [*session.get_inputs(), *session.get_outputs()]:
        check_type(each.type)
    sets = [run(session, case, inputs, expected) for inputs, expected in case["sets"]]
    if not sets:
        raise OutOfScope("no data")
    folder = os.path.join(target, "models", name)
    os.makedirs(folder)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(case["model"])
    return {"name": name, "rtol": case["rtol"], "atol": case["atol"], "sets": sets}


def check_type(type_name):
    if not type_name.startswith("tensor("):
        raise OutOfScope(f"{type_name.split('(')[0]} in the signature")
    if type_name not in DATATYPES:
        raise OutOfScope(f"{type_name} in the signature")


def run(session, case, inputs, expected):
    wanted = session.get_inputs()
    if len(inputs) > len(wanted):
        raise OutOfScope("more data than inputs")
    feeds = {put.name: array_of(value) for put, value in zip(wanted, inputs)}
    try:
        got = session.run(None, feeds)
        again = session.run(None, feeds)
    except Exception as error:
        raise OutOfScope(f"Python's onnxruntime does not run it ({kind_of(error)})") from error
    outputs = session.get_outputs()
    for value, second in zip(got, again):
        if not same(value, second, 0, 0):
            raise OutOfScope("gives other numbers each time")
    for value, right in zip(got, expected or []):
        if not same(value, array_of(right), case["rtol"], case["atol"]):
            raise OutOfScope("Python's onnxruntime gives other numbers than onnx expects")
    return {
        "inputs": [tensor(put, feeds[put.name]) for put in wanted if put.name in feeds],
        "outputs": [tensor(out, value) for out, value in zip(outputs, got)],
    }


def same(got, right, rtol, atol):
    got, right = np.asarray(got), np.asarray(right)
    if got.shape != right.shape:
        return False
    if got.dtype.kind in "OUST" or right.dtype.kind in "OUST":
        return [text(each) for each in got.ravel()] == [text(each) for each in right.ravel()]
    return got.dtype == right.dtype and np.allclose(got, right, rtol=rtol, atol=atol, equal_nan=True)


def tensor(put, array):
    """As the protocol's binary form has it, in base64."""
    array = np.asarray(array)
    if put.type == "tensor(string)":
        texts = [text(each) for each in array.ravel()]
        if any("\0" in each for each in texts):
            raise OutOfScope("a text with NUL")
        parts = [each.encode() for each in texts]
        data = b"".join(len(each).to_bytes(4, "little") + each for each in parts)
    else:
        data = np.ascontiguousarray(array).tobytes()
    return {
        "name": put.name,
        "datatype": DATATYPES[put.type],
        "shape": list(array.shape),
        "data": base64.b64encode(data).decode(),
    }


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def kind_of(error):
    return type(error).__name__


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: onnx-reference.py FOLDER", file=sys.stderr)
        sys.exit(2)
    main(sys.argv[1])
