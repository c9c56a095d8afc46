// What an App that is made from a manifest is given.

export interface AppMaking {
  /** PEM. */
  privateKey: string;
  webhookSecret: string;
  /** Codes that were not exchanged yet. */
  codes: Set<string>;
  /** Where its owner goes after installing it; '' = nowhere. */
  setupUrl: string;
}
