export { type Box, type Corners, cropImage, type Point } from './image/crop-image.ts';
export { type DecodeOptions, decodeImage, ImageError } from './image/decode-image.ts';
export { type ImageTensor, type ImageTensorOptions, imageTensor } from './image/image-tensor.ts';
export type { Colour, Picture } from './image/picture.ts';
export { type ResizedPicture, type ResizeOptions, resizeImage } from './image/resize-image.ts';
