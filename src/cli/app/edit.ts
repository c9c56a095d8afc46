// `cox app edit`: the spec of an Application in the editor of whoever asks.
import type { Application, ApplicationSpec } from '../../model/application.ts';
import type { Session } from '../session.ts';
import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { AppError } from '../../base/errors.ts';
import { applicationKey } from '../../model/application.ts';
import { isObject } from '../../model/kube.ts';
import { parseApplication } from '../../store/parse.ts';
import { usage } from '../options.ts';
import { save } from './write.ts';

/** The program and its own words, such as `code --wait`; no shell reads them. */
async function edited(command: string, file: string): Promise<void> {
  const [program = 'vi', ...args] = command.split(/\s+/).filter(Boolean);
  await new Promise<void>((resolve, reject) => {
    const child = spawn(program, [...args, file], { stdio: 'inherit' });
    child.on('error', (cause) =>
      reject(
        new AppError('E_TOOLS', `the editor ${program} cannot be started`, {
          cause,
          hint: 'KUBE_EDITOR or EDITOR names one, such as: EDITOR=nano cox app edit web',
        }),
      ),
    );
    child.on('close', (code) =>
      code === 0
        ? resolve()
        : reject(usage(`the editor ${program} ended with ${code ?? 'a signal'}: nothing is changed`)),
    );
  });
}

/** Throws Usage, which names the place. */
function specIn(text: string, app: Application): ApplicationSpec {
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault) throw usage(`what was written is no YAML: ${fault.message.split('\n')[0] ?? ''}`);
  const spec: unknown = document.toJS();
  const read = isObject(spec) ? parseApplication({ ...app, spec }) : undefined;
  if (!read) throw usage('what was written is no spec of an Application: it needs project, destination and a source');
  return read.spec;
}

/** Exit code 0. What could not be saved is kept in a file. */
export async function edit(session: Session, app: Application): Promise<number> {
  const { options, out } = session;
  const { env } = options;
  const file = join(await session.folder(), `${app.metadata.name}.yaml`);
  const head = `# The spec of ${applicationKey(app)}. An empty file changes nothing.\n`;
  await writeFile(file, `${head}${stringify(app.spec, { lineWidth: 0 })}`, { mode: 0o600 });
  await edited(env['KUBE_EDITOR'] || env['VISUAL'] || env['EDITOR'] || 'vi', file);
  const text = await readFile(file, 'utf8');
  if (text.replaceAll(/^#.*$/gm, '').trim() === '') {
    out.note('cox: the file is empty: nothing is changed');
    return 0;
  }
  try {
    await save(session, app, specIn(text, app));
  } catch (error) {
    const kept = join(await mkdtemp(join(tmpdir(), 'cox-edit-')), `${app.metadata.name}.yaml`);
    await copyFile(file, kept);
    out.note(`cox: what you wrote is kept in ${kept}`);
    throw error;
  }
  return 0;
}
