# What skl2onnx makes of a classifier unless told otherwise: a label, and a list of dictionaries.
from onnx import TensorProto as T, helper as h, save
g = h.make_graph([h.make_node('LinearClassifier', ['x'], ['label', 'p'], domain='ai.onnx.ml', classlabels_ints=[0, 1], coefficients=[1., -1., -1., 1.], intercepts=[0., 0.5], post_transform='SOFTMAX'),
    h.make_node('ZipMap', ['p'], ['probabilities'], domain='ai.onnx.ml', classlabels_int64s=[0, 1])], 'g', [h.make_tensor_value_info('x', T.FLOAT, ['rows', 2])],
    [h.make_tensor_value_info('label', T.INT64, ['rows']), h.make_value_info('probabilities', h.make_sequence_type_proto(h.make_map_type_proto(T.INT64, h.make_tensor_type_proto(T.FLOAT, []))))])
save(h.make_model(g, opset_imports=[h.make_opsetid('', 17), h.make_opsetid('ai.onnx.ml', 3)], ir_version=8), 'model.onnx')

# text, forest and minus: skl2onnx 1.20 of scikit-learn's own, to_onnx(model, X[:1]) on the iris data; targets are texts,
# numbers, and -1 and 1. logreg_iris is packaged with onnxruntime.
