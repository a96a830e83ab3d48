/** Exit codes of all commands; `galley --help` lists them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, refused: 3, internal: 70 } as const;
