// Leave to change something outside this process: asked immediately before each request that writes, by whoever works
// under a Lease.

/** Resolves when it may be sent now; throws a transient error when it may not. */
export type Permit = () => Promise<void>;
