// What a look at the installation finds.

/** `bad`: something does not work; `waiting`: not yet, or not to be told from here. */
export interface Finding {
  what: string;
  state: 'good' | 'bad' | 'waiting';
  detail: string;
  /** What a person does about it. */
  next?: string;
}
