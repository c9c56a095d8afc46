// A person's password for git: a script that GIT_ASKPASS may name.
import { writeFileSync } from 'node:fs';

/** Answers the path. */
export function writeAskpass(path: string, { login, token }: { login: string; token: string | null }): string {
  writeFileSync(path, `#!/bin/sh\ncase "$1" in Username*) echo '${login}' ;; *) echo '${token ?? ''}' ;; esac\n`, {
    mode: 0o700,
  });
  return path;
}
