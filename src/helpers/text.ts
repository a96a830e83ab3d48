export { loadTokenizer, TokenizerError } from './text/load-tokenizer.ts';
export type { TokenTensor, TokenTensors } from './text/token-tensors.ts';
export type { EncodeOptions, Text, Tokenizer } from './text/tokenizer.ts';
