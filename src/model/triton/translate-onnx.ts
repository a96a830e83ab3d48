import { entriesIn, messageIn, messagesIn, numberIn, placeOf, textIn } from './message-access.ts';
import type { Message } from './read-message.ts';
import type { Translation } from './translation.ts';

/** How a parameter of ONNX Runtime is read: its setting, and the value by its text. */
const SWITCHES: Readonly<Record<string, string>> = {
  enable_mem_arena: 'onnx.memoryArena',
  enable_mem_pattern: 'onnx.memoryPattern',
};
const IGNORED: Readonly<Record<string, string>> = {
  inter_op_thread_count: 'operators run one after the other: threads sets the threads of each',
  execution_mode: 'operators run one after the other: threads sets the threads of each',
  'memory.enable_memory_arena_shrinkage': 'onnx.memoryArena: false keeps no memory between batches',
};

/** `parameters` of the ONNX Runtime backend. */
export function translateParameters(config: Message, translation: Translation): void {
  for (const { key, value, at } of entriesIn<Message>(config, 'parameters')) {
    const text = textIn(value, 'string_value');
    const place = placeOf(value, 'string_value');
    if (key === 'intra_op_thread_count') {
      const threads = wholeNumber(text);
      if (threads === undefined) translation.problem(place, wantedText(key, text, 'a whole number from 0'));
      else if (threads > 0) translation.set('threads', threads);
      else translation.note(place, `'parameters' ${key} is 0: threads of a replica have the default, 1`);
    } else if (Object.hasOwn(SWITCHES, key)) {
      const isOn = /^(1|true)$/i.test(text);
      if (!isOn && !/^(0|false)$/i.test(text)) translation.problem(place, wantedText(key, text, '0 or 1'));
      else translation.set(SWITCHES[key] as string, isOn);
    } else {
      const why = Object.hasOwn(IGNORED, key) ? IGNORED[key] : 'models read no parameters of this name';
      translation.note(at, `'parameters' ${key} is ignored: ${why}`);
    }
  }
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined;
}

function wantedText(key: string, text: string, wanted: string): string {
  return `'parameters' ${key} is ${JSON.stringify(text)}, wanted ${wanted}`;
}

const GRAPH_LEVELS: Readonly<Record<number, string>> = { '-1': 'basic', 1: 'extended', 2: 'disabled' };

/** `optimization.graph.level`, where 0 means everything. */
export function translateOptimization(config: Message, translation: Translation): void {
  const optimization = messageIn(config, 'optimization');
  const graph = optimization && messageIn(optimization, 'graph');
  const level = graph === undefined ? 0 : numberIn(graph, 'level');
  if (graph === undefined || level === 0) return;
  if (GRAPH_LEVELS[level] !== undefined) translation.set('onnx.graphOptimization', GRAPH_LEVELS[level]);
  else translation.note(placeOf(graph, 'level'), `'level' is ${level}, which counts as 0: all optimizations`);
}

const ACCELERATORS: Readonly<Record<string, readonly string[]>> = {
  gpu_execution_accelerator: ['tensorrt', 'cuda', 'auto_mixed_precision', 'gpu_io'],
  cpu_execution_accelerator: ['openvino'],
};

/** Execution accelerators that do not exist are a problem, as in Triton. */
export function checkAccelerators(config: Message, translation: Translation): void {
  const optimization = messageIn(config, 'optimization');
  const accelerators = optimization && messageIn(optimization, 'execution_accelerators');
  if (accelerators === undefined) return;
  for (const [field, known] of Object.entries(ACCELERATORS)) {
    for (const accelerator of messagesIn(accelerators, field)) {
      const name = textIn(accelerator, 'name');
      if (!known.includes(name)) {
        translation.problem(
          accelerator.at,
          `'optimization.execution_accelerators.${field}' has the name '${name}', wanted one of ${known.join(', ')}`,
        );
      }
    }
  }
}
