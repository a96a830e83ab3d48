import type { Random } from '../../src/base/random.ts';
import { ConvolutionLayer } from './convolution-layer.ts';
import { imagePixels, imageSide, labels } from './dataset.ts';
import { DenseLayer } from './dense-layer.ts';
import type { Layer } from './layer.ts';
import { ReluLayer } from './relu-layer.ts';
import { imageFromRow, rowFromImage } from './shape-layers.ts';

/** A net from the pixels to one score per label, with one hidden layer. */
export function denseNet(random: Random): readonly Layer[] {
  const hidden = 128;
  return [
    new DenseLayer(imagePixels, hidden, random),
    new ReluLayer(),
    new DenseLayer(hidden, labels, random),
  ];
}

/** A convolutional net from the pixels to one score per label. */
export function convolutionalNet(random: Random): readonly Layer[] {
  const everySecondPlace = { side: 5, stride: 2 };
  const strokes = new ConvolutionLayer({ side: imageSide, channels: 1 }, everySecondPlace, 12, random);
  const shapes = new ConvolutionLayer(strokes.outputShape, everySecondPlace, 24, random);
  const { side, channels } = shapes.outputShape;
  const hidden = 64;
  return [
    imageFromRow(imageSide),
    strokes,
    new ReluLayer(),
    shapes,
    new ReluLayer(),
    rowFromImage(shapes.outputShape),
    new DenseLayer(side * side * channels, hidden, random),
    new ReluLayer(),
    new DenseLayer(hidden, labels, random),
  ];
}
