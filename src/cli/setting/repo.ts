// `cox repo list`, `add` and `rm`: credentials of repositories.
import type { KubeObject } from '../../model/kube.ts';
import type { RepositoryLogin } from '../../store/repository-secrets.ts';
import type { Column } from '../output.ts';
import type { Session } from '../session.ts';
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { AppError, errorMessage } from '../../base/errors.ts';
import { redactText } from '../../base/log.ts';
import { normaliseRepo } from '../../model/repository.ts';
import { readSettings } from '../../store/settings.ts';
import { usage } from '../options.ts';
import { isData, print } from '../output.ts';
import { confirmed } from './confirm.ts';
import { forget, keep, nameHash, secretsOf } from './secret.ts';

interface Row {
  secret: KubeObject;
  login: RepositoryLogin;
}

async function rowsOf(session: Session): Promise<Row[]> {
  const secrets = await secretsOf(session, ['repository', 'repo-creds']);
  return secrets.flatMap((secret) => {
    const [login] = readSettings({ configMaps: new Map(), secrets: [secret] }).repositories;
    if (login) return [{ secret, login }];
    session.out.note(`cox: the Secret ${secret.metadata.name ?? ''} has no url, and counts for nothing`);
    return [];
  });
}

/** How it logs in, without a word of what with. */
function means({ password, bearerToken, sshPrivateKey, cert, app }: RepositoryLogin): string {
  if (app) return 'GitHub App';
  if (sshPrivateKey !== undefined) return 'SSH key';
  if (password !== undefined) return 'password';
  if (bearerToken !== undefined) return 'token';
  return cert === undefined ? 'none' : 'certificate';
}

const columns: Column<Row>[] = [
  { title: 'TYPE', of: ({ login }) => login.type },
  { title: 'NAME', of: ({ login }) => redactText(login.url) },
  { title: 'ALIAS', of: ({ login }) => login.name ?? '' },
  { title: 'PROJECT', of: ({ login }) => login.project ?? '' },
  { title: 'LOGIN', of: ({ login }) => means(login) },
  { title: 'FOR', of: ({ login }) => (login.prefix ? 'all below' : 'this one') },
  { title: 'SECRET', of: ({ secret }) => secret.metadata.name ?? '', wide: true },
];

/** Exit code 0. */
export async function list(session: Session): Promise<number> {
  const { options, out } = session;
  const rows = await rowsOf(session);
  const shown = rows.map(({ secret, login }) => ({
    url: redactText(login.url),
    ...{ type: login.type, name: login.name, project: login.project, login: means(login), prefix: login.prefix },
    secret: secret.metadata.name,
  }));
  if (rows.length === 0 && !isData(options.format)) out.note(`No repository has a Secret in ${options.namespace}.`);
  else out.result(print(options.format, shown, rows, columns));
  return 0;
}

/** Without the new line at its end. Throws Usage. */
async function secretText({ values }: Session['options']): Promise<{ password?: string; sshPrivateKey?: string }> {
  const { 'password-stdin': stdin, 'ssh-private-key-path': file } = values;
  if (stdin && file !== undefined) throw usage('--password-stdin and --ssh-private-key-path exclude each other');
  if (stdin) {
    const password = (await textOf(process.stdin)).replace(/\r?\n$/, '');
    if (password === '') throw usage('--password-stdin: standard input is empty');
    return { password };
  }
  if (file === undefined) return {};
  try {
    return { sshPrivateKey: await readFile(file, 'utf8') };
  } catch (cause) {
    throw usage(`${file} cannot be read: ${errorMessage(cause)}`);
  }
}

function same({ login }: Row, url: string, project: string | undefined): boolean {
  return !login.prefix && normaliseRepo(login.url) === normaliseRepo(url) && login.project === project;
}

function onlyProject({ values }: Session['options']): string | undefined {
  if ((values.project?.length ?? 0) > 1) throw usage('a repository is of one project');
  return values.project?.[0];
}

/** Exit code 0. A password in the address would be seen by whoever lists processes, and is refused. */
export async function add(session: Session, [url, ...more]: readonly string[]): Promise<number> {
  const { options } = session;
  const { username, type, name } = options.values;
  if (url === undefined || more.length > 0) throw usage('cox repo add needs one address');
  if (URL.parse(url)?.password)
    throw usage('the address holds a password: name it without, and give the password with --password-stdin');
  const project = onlyProject(options);
  const { password, sshPrivateKey } = await secretText(options);
  if (username !== undefined && password === undefined) throw usage('--username needs --password-stdin');
  const before = (await rowsOf(session)).find((row) => same(row, url, project))?.secret;
  await keep(session, {
    ...{ type: 'repository', name: `repo-${nameHash(`${url}${project ?? ''}`)}`, title: redactText(url), before },
    data: {
      ...{ url, type: type ?? 'git', name, project, username, password, sshPrivateKey },
      insecure: options.values['insecure-skip-server-verification'] ? 'true' : undefined,
    },
  });
  return 0;
}

/** Exit code 0, or 1 when the answer was no. Throws E_CONFIG for one that is not there, before any goes. */
export async function remove(session: Session, urls: readonly string[]): Promise<number> {
  if (urls.length === 0) throw usage('cox repo rm needs an address');
  const project = onlyProject(session.options);
  const rows = await rowsOf(session);
  const found = urls.map((url) => {
    const row = rows.find((each) => same(each, url, project));
    if (row) return { url, secret: row.secret };
    throw new AppError('E_CONFIG', `no Secret is of the repository ${redactText(url)}`, {
      hint: `List them with: cox repo list -n ${session.options.namespace}; -p names the project of one.`,
    });
  });
  if (!(await confirmed(session, `Remove the credentials of ${urls.map(redactText).join(', ')}`))) return 1;
  for (const { url, secret } of found) await forget(session, secret, redactText(url));
  return 0;
}
