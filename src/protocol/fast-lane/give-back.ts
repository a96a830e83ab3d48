import type { Socket } from 'node:net';

/**
 * Node reads a chunk as a whole, and the connection cannot be paused before all requests in it have arrived: 64 KiB hold
 * thousands of small ones.
 */
const PIECE_BYTES = 4 * 1024;

/** Puts bytes back before what a socket has not delivered yet, in small pieces. */
export function giveBack(socket: Socket, bytes: Buffer): void {
  for (let end = bytes.byteLength; end > 0; end -= PIECE_BYTES) {
    socket.unshift(bytes.subarray(Math.max(0, end - PIECE_BYTES), end));
  }
}
