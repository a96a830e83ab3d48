import { writeFileSync } from 'node:fs';
import { DOCUMENTS } from './documents.ts';

for (const { file, print } of DOCUMENTS) writeFileSync(new URL(`../../${file}`, import.meta.url), print());
