// Rows about custom resources: an object in few words, and the health that its project's documents make of it.
import type { HealthStatusCode } from '../../../src/model/application.ts';
import type { KubeObject, ObjectMeta } from '../../../src/model/kube.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthOf } from '../../../src/health/health.ts';
import { gvkOf } from '../../../src/model/kube.ts';

interface Fields {
  metadata?: ObjectMeta;
  spec?: object;
  status?: object;
}

type Row = [fields: Fields, expected: HealthStatusCode | 'none'];
type Condition = [type: string, status: string, reason?: string];

function conditionList(...list: Condition[]): object[] {
  return list.map(([type, status, reason = '']) => ({ type, status, reason, message: '' }));
}

/** A status of nothing but conditions. */
export function conditions(...list: Condition[]): Fields {
  return { status: { conditions: conditionList(...list) } };
}

/** A status, with conditions. */
export function status(fields: object, ...list: Condition[]): Fields {
  return { status: { ...fields, ...(list.length > 0 && { conditions: conditionList(...list) }) } };
}

/** The conditions of one part of a status. */
export function part(...list: Condition[]): { conditions: object[] } {
  return { conditions: conditionList(...list) };
}

/** One test for each kind, `group/version Kind`, with all of its rows. */
export function judgeAll(tables: Record<string, Row[]>): void {
  for (const [kinds, rows] of Object.entries(tables)) {
    const [apiVersion = '', ...names] = kinds.split(' ');
    for (const kind of names) {
      const { group } = gvkOf({ apiVersion, kind });
      test(`${kind} of ${group} is judged as its project documents it`, () => {
        for (const [fields, expected] of rows) {
          const { metadata, ...rest } = fields;
          const object: KubeObject = {
            apiVersion,
            kind,
            metadata: { name: 'x', namespace: 'n', generation: 2, ...metadata },
            ...rest,
          };
          assert.equal(healthOf(object)?.status ?? 'none', expected, `${kind} ${JSON.stringify(fields)}`);
        }
      });
    }
  }
}
