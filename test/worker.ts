// The processes that read YAML, constraints, schedules and jq: those of one test file, and they end with it.
import { binaries } from '../tools/binaries.ts';
import { HealthScripts } from '../src/health/scripts.ts';
import { Jq } from '../src/compare/object/jq.ts';
import { ThreeWay } from '../src/compare/object/three-way.ts';
import { Worker } from '../src/base/worker.ts';

export const { render } = await binaries(['render']);

export const worker = new Worker({ path: render });
export const jq = new Jq(render);
export const threeWay = new ThreeWay(render);
/** No team has scripts of its own. */
export const scripts = new HealthScripts(render, () => []);
