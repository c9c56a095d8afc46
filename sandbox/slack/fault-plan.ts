// Faults that a test orders in advance: limits, errors, slow and cut answers, lost and doubled deliveries.

export type AnswerFault =
  | { kind: 'limit'; retryAfter: number }
  | { kind: 'status'; status: number }
  | { kind: 'error'; error: string }
  | { kind: 'slow'; ms: number }
  /** The connection is destroyed instead of an answer, before or after the request was carried out. */
  | { kind: 'cut'; side: 'before' | 'after' };

/** `method` is a Web API method, `response_url`, or `*`. */
export class FaultPlan {
  #answers: { method: string; left: number; fault: AnswerFault }[] = [];
  #duplicates = 0;
  #lostAcks = 0;

  /** HTTP 429 with Retry-After in seconds (default 1), `times` times (default 1). */
  rateLimit(method: string, { times = 1, retryAfter = 1 }: { times?: number; retryAfter?: number } = {}): void {
    this.#add(method, times, { kind: 'limit', retryAfter });
  }

  serverError(method: string, { times = 1, status = 503 }: { times?: number; status?: number } = {}): void {
    this.#add(method, times, { kind: 'status', status });
  }

  /** `{ok: false, error}` without carrying the request out. */
  error(method: string, error: string, times = 1): void {
    this.#add(method, times, { kind: 'error', error });
  }

  slow(method: string, ms: number, times = 1): void {
    this.#add(method, times, { kind: 'slow', ms });
  }

  cut(method: string, side: 'before' | 'after', times = 1): void {
    this.#add(method, times, { kind: 'cut', side });
  }

  /** The next `times` envelopes are delivered twice. */
  duplicateEnvelopes(times = 1): void {
    this.#duplicates += times;
  }

  /** The acknowledgement of the next `times` envelopes gets lost on its way. */
  loseAcks(times = 1): void {
    this.#lostAcks += times;
  }

  clear(): void {
    this.#answers = [];
    this.#duplicates = 0;
    this.#lostAcks = 0;
  }

  takeAnswer(method: string): AnswerFault | undefined {
    const order = this.#answers.find(
      (candidate) => candidate.left > 0 && (candidate.method === method || candidate.method === '*'),
    );
    if (!order) return undefined;
    order.left -= 1;
    return order.fault;
  }

  takeDuplicate(): boolean {
    if (this.#duplicates === 0) return false;
    this.#duplicates -= 1;
    return true;
  }

  takeLostAck(): boolean {
    if (this.#lostAcks === 0) return false;
    this.#lostAcks -= 1;
    return true;
  }

  #add(method: string, left: number, fault: AnswerFault): void {
    this.#answers.push({ method, left, fault });
  }
}
