import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importOptional } from './optional-package.ts';

const SHARP = { name: 'sharp', range: '0.35' };

test('the error of a package that is not installed says how to install it', async () => {
  const missing = importOptional('galley/image', SHARP, async () => import('no-such-package' as string));
  await assert.rejects(missing, {
    name: 'OperatorError',
    message:
      'galley/image needs the package sharp, which is not installed: install it beside galley with: npm install sharp@0.35',
  });
});

test('a package that is installed and cannot be loaded is named with the cause', async () => {
  const broken = importOptional('galley/image', SHARP, async () => {
    throw new Error('built for another machine');
  });
  await assert.rejects(broken, /which cannot be loaded \(built for another machine\): install it beside/);
});
