import { importOptional } from '../shared/optional-package.ts';
import type { Colour } from './picture.ts';

const SHARP = { name: 'sharp', range: '0.35' };

/** The library that decodes and resizes, imported at its first use. */
export async function loadSharp() {
  const { default: sharp } = await importOptional('galley/image', SHARP, async () => import('sharp'));
  return sharp;
}

/** A colour as the library takes it. */
export function sharpColour([r, g, b]: Colour) {
  return { r, g, b };
}
