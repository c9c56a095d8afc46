// The process that reads YAML, constraints and schedules: one for each test file, and it ends with it.
import { binaries } from '../tools/binaries.ts';
import { Worker } from '../src/base/worker.ts';

export const worker = new Worker({ path: (await binaries(['render'])).render });
