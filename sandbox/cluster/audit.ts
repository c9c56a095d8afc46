// What the operator asked of the API server, from the server's own audit log.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One answered request for a resource (Kubernetes: audit.k8s.io/v1 Event). A watch stands here when it ends. */
export interface Audited {
  verb: string;
  /** Empty for core. */
  group: string;
  /** With the subresource, as in `approvals/status`. */
  resource: string;
  /** Empty where all were asked for, or the kind has none. */
  namespace: string;
  name: string;
  /** Whether the API server let it through. */
  allowed: boolean;
  /** Whether it answered 201. */
  made: boolean;
}

interface AuditEvent {
  verb: string;
  objectRef?: { apiGroup?: string; resource?: string; subresource?: string; namespace?: string; name?: string };
  annotations?: Record<string, string>;
  responseStatus?: { code?: number };
}

/** Flags of the API server; `directory` gets `audit.log`. */
export function auditFlags(directory: string): Record<string, string> {
  return {
    'audit-policy-file': join(import.meta.dirname, 'audit-policy.yaml'),
    'audit-log-path': join(directory, 'audit.log'),
    'audit-log-maxsize': '0',
  };
}

/** All so far, in the order of their ends. Of a cluster that was started with `audit`. */
export function audited(directory: string): Audited[] {
  return readFileSync(join(directory, 'audit.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const { verb, objectRef, annotations, responseStatus } = JSON.parse(line) as AuditEvent;
      if (objectRef?.resource === undefined) return [];
      const { apiGroup = '', resource, subresource, namespace = '', name = '' } = objectRef;
      return {
        verb,
        group: apiGroup,
        resource: subresource === undefined ? resource : `${resource}/${subresource}`,
        namespace,
        name,
        allowed: annotations?.['authorization.k8s.io/decision'] === 'allow',
        made: responseStatus?.code === 201,
      };
    });
}
