/** Writes the files that are generated from the code; a test compares them. Run with `npm run generate`. */
import { writeFile } from 'node:fs/promises';
import { listGeneratedFiles } from './generated-files.ts';

for (const { file, content } of await listGeneratedFiles()) await writeFile(file, content);
