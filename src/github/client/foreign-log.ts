// What Probot and Octokit say, as lines of our log.
import type { Logger as Pino } from 'pino';
import type { Logger } from '../../base/log.ts';
import { pino } from 'pino';

/**
 * pino: levels. Theirs of `warn` is told. Their errors are ours to tell, with what they mean: here they are details.
 */
const warn = 40;

/**
 * A pino logger for libraries. Their text is a field, so that it is redacted; their fields are left out, for an error
 * of theirs carries the whole payload that a stranger sent.
 */
export function foreignLog(log: Logger): Pino {
  const logMethod: pino.LoggerOptions['hooks'] = {
    logMethod([first, second]: unknown[], _method, level) {
      const text = typeof first === 'string' ? first : second;
      const detail = typeof text === 'string' ? text : first instanceof Error ? first.message : '';
      if (level === warn) log.warn({ detail }, 'GitHub client');
      else log.debug({ detail }, 'GitHub client');
    },
  };
  return pino({ level: 'warn', hooks: logMethod }, { write: () => undefined });
}
