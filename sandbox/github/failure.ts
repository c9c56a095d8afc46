// How the sandbox GitHub refuses: a status with GitHub's own body.

/** An answer other than success, with GitHub's own body. */
export class Failure extends Error {
  readonly status: number;
  readonly errors: readonly Record<string, unknown>[] | undefined;
  /** Beside GitHub's usual ones. */
  headers: Record<string, string> = {};

  constructor(status: number, message: string, errors?: readonly Record<string, unknown>[]) {
    super(message);
    this.name = 'Failure';
    this.status = status;
    this.errors = errors;
  }
}

/** 422 with one reason, as GitHub words validation errors. */
export function invalid(resource: string, field: string, reason: { code: string; message?: string }): Failure {
  return new Failure(422, 'Validation Failed', [{ resource, field, ...reason }]);
}
