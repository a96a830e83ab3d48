import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PipelineSettings } from '../config/pipeline-settings.ts';
import type { TensorMetadata } from '../model/model-metadata.ts';
import { bytesOf } from '../tensor/tensor.ts';
import { planPipeline, type StepMetadata } from './pipeline-plan.ts';
import { PipelineRun } from './pipeline-run.ts';

const tensor = (name: string, shape = [-1], datatype: TensorMetadata['datatype'] = 'FP32') => ({
  name,
  datatype,
  shape,
});
const model = (inputs: readonly TensorMetadata[], outputs: readonly TensorMetadata[]): StepMetadata => ({
  inputs,
  outputs,
  readsParameters: false,
});
const PLAIN = model([tensor('x')], [tensor('y')]);

function plan(settings: object, models: readonly StepMetadata[]) {
  return planPipeline(PipelineSettings.parse(settings), models);
}

test('names left out are equal: the first step takes the inputs, the last one makes the outputs', () => {
  const planned = plan(
    {
      steps: [
        { model: 'a', outputs: { y: 'mid' } },
        { model: 'b', inputs: { x: 'mid' } },
      ],
    },
    [
      model([tensor('x', [-1, 4])], [tensor('y', [-1, 3]), tensor('unused')]),
      model([tensor('x', [-1, 3])], [tensor('z', [-1, 2])]),
    ],
  );
  assert.ok(typeof planned === 'object');
  assert.deepEqual(planned.inputs, [tensor('x', [-1, 4])]);
  assert.deepEqual(planned.outputs, [tensor('z', [-1, 2])]);
  assert.deepEqual(planned.steps[0]?.makes, [{ own: 'y', tensor: 'mid', datatype: 'FP32' }]);
});

test('an output that a step does not list yields to a tensor of its name that another step lists', () => {
  const planned = plan(
    {
      steps: [
        { model: 'a', inputs: { x: 'in' }, outputs: { y: 'mid' } },
        { model: 'a', inputs: { x: 'mid' }, outputs: { y: 'z' } },
      ],
      outputs: ['z'],
    },
    [model([tensor('x')], [tensor('y'), tensor('z')]), model([tensor('x')], [tensor('y'), tensor('z')])],
  );
  assert.ok(typeof planned === 'object', String(planned));
  assert.deepEqual(
    planned.steps.map(({ makes }) => makes.map(({ own, tensor: name }) => `${own} → ${name}`)),
    [['y → mid'], ['y → z']],
  );
});

test('an input of several steps has the sizes that all of them accept', () => {
  const planned = plan(
    {
      steps: [
        { model: 'a', outputs: { y: 'p' } },
        { model: 'b', outputs: { y: 'q' } },
      ],
      outputs: ['q', 'p'],
    },
    [model([tensor('x', [-1, -1, 3])], [tensor('y')]), model([tensor('x', [-1, 5, -1])], [tensor('y', [2])])],
  );
  assert.ok(typeof planned === 'object');
  assert.deepEqual(planned.inputs, [tensor('x', [-1, 5, 3])]);
  assert.deepEqual(planned.outputs, [tensor('q', [2]), tensor('p')]);
});

test('a pipeline whose steps do not fit says which and why', () => {
  const two = (first: object, second: object, more: object = {}) => ({
    steps: [
      { model: 'a', ...first },
      { model: 'b', ...second },
    ],
    ...more,
  });
  const mid = [{ outputs: { y: 'mid' } }, { inputs: { x: 'mid' } }] as const;
  const cases: readonly (readonly [object, readonly StepMetadata[], RegExp])[] = [
    [
      { steps: [{ model: 'a', inputs: { xx: 'q' } }] },
      [PLAIN],
      /^step 1 \('a'\): the model has no input 'xx', did you mean 'x'\?; it has x$/,
    ],
    [
      { steps: [{ model: 'a', outputs: { z: 'q' } }] },
      [PLAIN],
      /^step 1 \('a'\): the model has no output 'z'/,
    ],
    [two({}, {}), [PLAIN, PLAIN], /^step 1 \('a'\) and step 2 \('b'\) both make 'y'/],
    [
      { steps: [{ model: 'a' }], outputs: ['q'] },
      [PLAIN],
      /^no step makes the output 'q'; the steps make y$/,
    ],
    [
      two(...mid),
      [PLAIN, model([tensor('x', [-1], 'INT64')], [tensor('y')])],
      /^step 1 \('a'\) makes 'mid' as FP32\[-1\], but step 2 \('b'\) takes it as INT64\[-1\]$/,
    ],
    [
      two(...mid),
      [model([tensor('x')], [tensor('y', [-1, 3])]), model([tensor('x', [-1, 4])], [tensor('y')])],
      /'mid' as FP32\[-1,3\]/,
    ],
    [
      two({ outputs: { y: 'p' } }, {}),
      [PLAIN, model([tensor('x', [-1], 'BYTES')], [tensor('y')])],
      /^step 1 \('a'\) takes 'x' as FP32\[-1\], but step 2 \('b'\) takes it as BYTES/,
    ],
    [
      two({ outputs: { y: 'p' } }, {}),
      [PLAIN, PLAIN],
      /^step 1 \('a'\) makes nothing that another step takes/,
    ],
    [
      { steps: [{ model: 'a', inputs: { x: 'y' } }] },
      [PLAIN],
      /^step 1 \('a'\) waits for 'y', and so for itself, in a circle/,
    ],
    [
      two({ inputs: { x: 'q' }, outputs: { y: 'p' } }, { inputs: { x: 'p' }, outputs: { y: 'q' } }),
      [PLAIN, PLAIN],
      /waits for 'q', and so for step 2 \('b'\), in a circle/,
    ],
  ];
  for (const [settings, models, wanted] of cases) {
    const planned = plan(settings, models);
    assert.ok(typeof planned === 'string', `not refused: ${wanted}`);
    assert.match(planned, wanted);
  }
});

test('in any pipeline without a circle each step runs once, when its inputs exist and no later', () => {
  // Step n takes tensors of earlier steps or of the request, in a shuffled order of steps.
  const wiring = fc.integer({ min: 1, max: 8 }).chain((count) =>
    fc.record({
      takes: fc.tuple(
        ...Array.from({ length: count }, (_, step) =>
          fc.array(fc.integer({ min: -2, max: step - 1 }), { minLength: 1, maxLength: 3 }),
        ),
      ),
      order: fc.shuffledSubarray([...Array(count).keys()], { minLength: count, maxLength: count }),
      endings: fc.array(fc.nat(), { minLength: count, maxLength: count }),
    }),
  );
  fc.assert(
    fc.property(wiring, ({ takes, order, endings }) => {
      const inputsOf = (step: number) => (takes[step] as number[]).map((_, index) => tensor(`in${index}`));
      const settings = {
        steps: order.map((step) => ({
          model: `m${step}`,
          inputs: Object.fromEntries(
            (takes[step] as number[]).map((from, index) => [`in${index}`, `t${from}`]),
          ),
          outputs: { out: `t${step}` },
        })),
        outputs: order.map((step) => `t${step}`),
      };
      const planned = plan(
        settings,
        order.map((step) => model(inputsOf(step), [tensor('out')])),
      );
      assert.ok(typeof planned === 'object', String(planned));
      const data = bytesOf(new Float32Array(1));
      const run = new PipelineRun(
        planned,
        planned.inputs.map(({ name, datatype }) => ({ name, datatype, shape: [1], data })),
      );
      const running = [...run.begin()];
      const done = new Set<string>(planned.inputs.map(({ name }) => name));
      const began = running.map(({ step }) => step.model);
      while (running.length > 0) {
        assert.equal(run.outputs, undefined);
        const [ended] = running.splice((endings[done.size % endings.length] ?? 0) % running.length, 1);
        assert.ok(ended !== undefined);
        assert.ok(ended.step.takes.every((wire) => done.has(wire.tensor)));
        done.add(ended.step.makes[0]?.tensor ?? '');
        const answer = [{ name: 'out', datatype: 'FP32' as const, shape: [1], data }];
        assert.equal(run.answered(ended.step, answer), undefined);
        const next = run.begin();
        began.push(...next.map(({ step }) => step.model));
        running.push(...next);
        const isReady = (index: number) => (takes[index] as number[]).every((from) => done.has(`t${from}`));
        for (const step of order) assert.equal(began.includes(`m${step}`), isReady(step));
      }
      assert.equal(new Set(began).size, order.length);
      assert.equal(began.length, order.length);
      assert.deepEqual(
        run.outputs?.map(({ name }) => name),
        settings.outputs,
      );
    }),
  );
});

test('an answer of another form than the plan expects names the output', () => {
  const planned = plan({ steps: [{ model: 'a' }] }, [PLAIN]);
  assert.ok(typeof planned === 'object');
  const [step] = planned.steps;
  assert.ok(step !== undefined);
  const run = new PipelineRun(planned, []);
  assert.match(run.answered(step, []) ?? '', /^'a' has no output 'y' any more/);
  const other = { name: 'y', datatype: 'FP64' as const, shape: [1], data: bytesOf(new Float64Array(1)) };
  assert.match(run.answered(step, [other]) ?? '', /^'a' makes 'y' as FP64, wanted FP32/);
});
