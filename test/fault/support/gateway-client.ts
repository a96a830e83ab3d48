import { connect, type Socket } from 'node:net';
import { until } from '../../support/until.ts';

/** A raw TCP client that controls when it sends and reads. */
export class RawClient {
  readonly socket: Socket;
  received = 0;
  isClosed = false;
  #head = '';

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.byteLength;
      if (this.#head.length < 1_000) this.#head += chunk.toString('latin1');
    });
    this.socket.on('close', () => {
      this.isClosed = true;
    });
    // Many of these clients are meant to be disconnected.
    this.socket.on('error', () => {});
  }

  /** 0 until the first answer. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.#head)?.[1] ?? 0);
  }

  write(bytes: string | Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** Reads so many bytes at a time with pauses; the returned function ends that. */
  readSlowly(bytes: number, everyMs: number): () => void {
    let left = bytes;
    const onData = (chunk: Buffer) => {
      left -= chunk.byteLength;
      if (left <= 0) this.socket.pause();
    };
    this.socket.on('data', onData);
    const timer = setInterval(() => {
      left = bytes;
      this.socket.resume();
    }, everyMs);
    return () => {
      clearInterval(timer);
      this.socket.off('data', onData);
      this.socket.resume();
    };
  }

  /** Sends pieces as fast as they are accepted, until none is left or the server closes. */
  async writeAll(pieces: Iterable<string | Uint8Array>): Promise<void> {
    for (const piece of pieces) {
      this.write(piece);
      await until('the pieces are taken', () => this.isClosed || this.socket.writableLength < 1_000_000);
      if (this.isClosed || this.status !== 0) return;
    }
  }
}

/** An HTTP/1.1 request up to its body. */
export function headOf(path: string, headers: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries({ host: 'a', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** A piece of a chunked body. */
export function chunkOf(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}
