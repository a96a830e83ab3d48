# Models whose outputs are not tensors, one with weights beside its file, and one with inner graphs.
import numpy as np
from onnx import TensorProto as T, helper as h, numpy_helper, save
from onnx.external_data_helper import set_external_data

x = h.make_tensor_value_info('x', T.FLOAT, ['rows', 2])
y = h.make_tensor_value_info('y', T.FLOAT, ['rows', 2])
pieces = h.make_value_info('pieces', h.make_sequence_type_proto(h.make_tensor_type_proto(T.FLOAT, None)))
maps = h.make_value_info('probabilities', h.make_sequence_type_proto(h.make_map_type_proto(T.STRING, h.make_tensor_type_proto(T.FLOAT, []))))
general, ml = h.make_opsetid('', 17), h.make_opsetid('ai.onnx.ml', 3)

def write(file, nodes, outputs, initializers=(), opsets=(general,)):
    graph = h.make_graph(nodes, 'g', [x], outputs, list(initializers))
    save(h.make_model(graph, opset_imports=list(opsets), ir_version=8), file)

def zip_map(source): return h.make_node('ZipMap', [source], ['probabilities'], domain='ai.onnx.ml', classlabels_strings=['no', 'yes'])

write('beside-tensor.onnx', [h.make_node('Neg', ['x'], ['y']), h.make_node('SequenceConstruct', ['x', 'y'], ['pieces'])], [y, pieces])
write('sequence-only.onnx', [h.make_node('SequenceConstruct', ['x', 'x'], ['pieces'])], [pieces])
# Nothing of the general domain, which Identity is from: the runtime assumes it.
write('only-zipmap.onnx', [zip_map('x')], [maps], opsets=[ml])

weights = numpy_helper.from_array(np.array([[1, 2], [3, 4]], np.float32), 'w')
open('weights.bin', 'wb').write(weights.raw_data)
set_external_data(weights, 'weights.bin', 0, 16)
weights.ClearField('raw_data')
write('weights-beside.onnx', [h.make_node('MatMul', ['x', 'w'], ['p']), zip_map('p')], [maps], [weights], [general, ml])

inner = numpy_helper.from_array(np.zeros((1, 2), np.float32), 'c')
set_external_data(inner, 'inner.bin', 0, 8)
inner.ClearField('raw_data')
branch = lambda op, more: h.make_graph([*more, h.make_node(op, ['x'] if op == 'Abs' else ['x', 'c'], ['b'])], op, [], [h.make_tensor_value_info('b', T.FLOAT, ['rows', 2])])
constant = h.make_node('Constant', [], ['c'], value=inner)
write('inner-graphs.onnx', [h.make_node('Constant', [], ['yes'], value=h.make_tensor('', T.BOOL, [], [True])),
    h.make_node('If', ['yes'], ['y'], then_branch=branch('Abs', []), else_branch=branch('Mul', [constant]))], [y])

write('unknown-operator.onnx', [h.make_node('NoSuchThing', ['x'], ['y'])], [y])
write('unknown-opset.onnx', [h.make_node('Neg', ['x'], ['y'])], [y], opsets=[h.make_opsetid('', 99)])
