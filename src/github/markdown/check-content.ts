// What our checks say: coxswain/diff on the head, coxswain/approval and coxswain/rollout on the merge commit.
import type { AppProgress, PullPreview, PullProgress } from '../../change/pull.ts';
import type { ShownDiff } from './record.ts';
import { checks } from '../../model/annotations.ts';
import { countsOf, countsText } from './app-section.ts';
import { errorsOf } from './errors.ts';
import { placeText } from './object-section.ts';
import { verdict } from './comment.ts';
import { gateAfterText } from '../../policy/gate-text.ts';
import { shortRevision } from '../../model/application.ts';
import { cutMarkdown, otherText, sectionOf } from './record.ts';
import { bodyBudget, code, fitted, oneLine, plain, plural } from './escape.ts';
import { madeText, operationList, stateWords, trackerVerdict } from './tracker.ts';

export interface CheckAnnotation {
  path: string;
  start_line: number;
  end_line: number;
  annotation_level: 'notice' | 'warning' | 'failure';
  message: string;
  title: string;
}

type CheckConclusion = 'success' | 'failure' | 'neutral' | 'skipped' | 'action_required';

export interface CheckContent {
  name: string;
  sha: string;
  /** Undefined while in progress. */
  conclusion: CheckConclusion | undefined;
  title: string;
  summary: string;
  text?: string;
  annotations?: CheckAnnotation[];
  /** At most three; label 20, description 40, identifier 20 characters (GitHub REST: checks/runs). */
  actions?: { label: string; description: string; identifier: string }[];
}

/** Titles are plain text: no Markdown is read in them. */
function title(markdown: string): string {
  return oneLine(markdown.replace(/`/g, ''), 250);
}

function annotations(preview: PullPreview): CheckAnnotation[] {
  const all = [...preview.errors, ...preview.apps.flatMap(errorsOf)];
  const placed = all.flatMap(({ place, message, code: errorCode }) => (place ? [{ place, message, errorCode }] : []));
  const seen = new Set<string>();
  return placed.flatMap(({ place, message, errorCode }) => {
    const key = `${place.file}:${place.line ?? 1} ${message}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const line = place.line ?? 1;
    return [
      {
        path: place.file,
        start_line: line,
        end_line: line,
        annotation_level: 'failure' as const,
        title: errorCode,
        message: message.slice(0, 4000),
      },
    ];
  });
}

/** One line for each application. */
function list(lines: string[]): string {
  return fitted(lines, bodyBudget, (left) => `- … and ${plural(left, 'more application')}`);
}

/**
 * Once rendered: failure for anything that could not be shown or would be refused, skipped when no application is
 * touched. `diff`: Markdown of everything that changes, which stays when the pull request is merged.
 */
export function diffCheck(preview: PullPreview, diff: string): CheckContent {
  const found = annotations(preview);
  const failed =
    preview.conflicts.length > 0 || preview.errors.length > 0 || preview.apps.some((app) => errorsOf(app).length > 0);
  const lines = preview.apps.map((app) => {
    const [error] = errorsOf(app);
    return (
      `- **${plain(app.name)}**${app.environment ? ` (${plain(app.environment)})` : ''}: ` +
      (error
        ? ['❌', placeText(error.place), code(error.message, 200)].filter(Boolean).join(' ')
        : countsText(countsOf(app.effect)))
    );
  });
  return {
    name: checks.diff,
    sha: preview.pull.head.sha,
    conclusion: failed ? 'failure' : preview.apps.length === 0 ? 'skipped' : 'success',
    title: title(verdict(preview)),
    summary: lines.length > 0 ? list(lines) : 'No application follows what this pull request changes.',
    ...(diff && { text: diff }),
    ...(found.length > 0 && { annotations: found }),
    actions: [{ label: 'Refresh', description: 'Look at cluster and branch again', identifier: 'refresh' }],
  };
}

/** While the preview is worked out; without a conclusion. */
export function runningDiffCheck(sha: string): CheckContent {
  return {
    name: checks.diff,
    sha,
    conclusion: undefined,
    title: 'Looking at the cluster…',
    summary: `Comparing ${code(shortRevision(sha))} with what is live.`,
  };
}

/** A fork's files are a stranger's: they are neither rendered nor shown. */
export function forkCheck(sha: string): CheckContent {
  return {
    name: checks.diff,
    sha,
    conclusion: 'neutral',
    title: 'Not looked at: the branch is in a fork',
    summary: 'Branches of forks are not rendered. Push the branch to this repository to see what it would change.',
  };
}

/** Ends tell names apart: `checkout-…ion-europe`. */
function shortName(name: string, limit: number): string {
  const points = [...oneLine(name)];
  if (points.length <= limit) return points.join('');
  const tail = Math.floor((limit - 1) / 2);
  return `${points.slice(0, limit - 1 - tail).join('')}…${points.slice(-tail).join('')}`;
}

/** Of at most 20 characters: the name matters more than the word. */
function approveLabel(name: string): string {
  return name.length <= 12 ? `Approve ${name}` : shortName(name, 20);
}

/** One button for each waiting application, as many as GitHub allows; identifiers carry the digest that was shown. */
function buttons(waiting: AppProgress[]): NonNullable<CheckContent['actions']> {
  const made = waiting.flatMap((app) => (app.approval ? [{ app, digest: app.approval.spec.digest.slice(0, 12) }] : []));
  const [only] = made;
  if (made.length === 1 && only) {
    return [
      { label: 'Approve', description: oneLine(only.app.name, 40), identifier: `approve-${only.digest}` },
      { label: 'Reject', description: oneLine(only.app.name, 40), identifier: `reject-${only.digest}` },
    ];
  }
  if (made.length > 3) return [];
  return made.map(({ app, digest }) => ({
    label: approveLabel(app.name),
    description: `Approve ${shortName(app.name, 32)}`,
    identifier: `approve-${digest}`,
  }));
}

interface Around {
  pull: PullProgress['pull'];
  shown: ShownDiff | undefined;
}

/** What its approval would apply, and whether that is what the pull request showed. */
function waitingText(app: AppProgress, { pull, shown }: Around, budget: number): string[] {
  if (app.state !== 'waiting' || !app.approval) return [];
  const { digest, operations } = app.approval.spec;
  const short = digest.slice(0, 12);
  const told =
    sectionOf(shown, app.name, digest) !== undefined
      ? 'field by field below, as the pull request showed it.'
      : [otherText(shown), 'The page of the application has it line by line.'].filter(Boolean).join(' ');
  return [
    `  - digest ${code(short)}: ${told}`,
    `  - ${madeText(app.approval, pull)}`,
    operationList(operations, budget).replace(/^/gm, '  '),
  ];
}

/**
 * Undefined when no application of the pull request is gated. Whoever presses its buttons sees there what they agree
 * to: each operation, and the diff that the pull request showed.
 */
export function approvalCheck(progress: PullProgress, shown?: ShownDiff): CheckContent | undefined {
  const gated = progress.apps.filter((app) => app.gated);
  const sha = progress.pull.merged?.sha;
  if (gated.length === 0 || !sha) return undefined;
  const waiting = gated.filter((app) => app.state === 'waiting');
  const rejected = gated.filter((app) => ['Rejected', 'Expired'].includes(app.approval?.status?.phase ?? ''));
  const preparing = gated.filter((app) => app.state === 'queued' && !app.approval);
  const summary = list(
    gated.flatMap((app) => [
      `- **${plain(app.name)}**: ${plain(app.message, 200)}`,
      ...(app.state === 'waiting' ? (app.approval?.spec.gates ?? []) : []).map(
        (gate) => `  - 🔓 ${plain(gateAfterText(gate), 400)}`,
      ),
      ...waitingText(app, { pull: progress.pull, shown }, Math.floor(bodyBudget / 2 / gated.length)),
    ]),
  );
  const base = {
    name: checks.approval,
    sha,
    ...(waiting.length > 0 && shown?.text && { text: cutMarkdown(shown.text, bodyBudget) }),
    summary:
      `Opened by ${code(progress.pull.author.login)}.\n\n${summary}\n\n` +
      `By command: ${code(`/cox approve ${waiting[0]?.name ?? gated[0]?.name ?? ''}`)} ` +
      'in the pull request.',
  };
  if (waiting.length > 0)
    return {
      ...base,
      conclusion: 'action_required',
      title: title(
        `${waiting
          .map((app) => app.name)
          .slice(0, 5)
          .join(', ')} ${waiting.length === 1 ? 'waits' : 'wait'} for approval`,
      ),
      actions: buttons(waiting),
    };
  const again =
    `${summary}\n\nTo ask again: ${code(`/cox reopen ${rejected[0]?.name ?? ''}`)}, ` + 'or merge another change.';
  if (rejected.length > 0)
    return {
      ...base,
      summary: again,
      conclusion: 'failure',
      title: rejected.every((app) => app.approval?.status?.phase === 'Expired') ? 'Expired' : 'Rejected',
    };
  if (preparing.length > 0) return { ...base, conclusion: undefined, title: 'The effect is being worked out' };
  return { ...base, conclusion: 'success', title: 'Nothing waits for approval', summary };
}

/** Undefined for a pull request that is not merged, or touches nothing. */
export function rolloutCheck(progress: PullProgress): CheckContent | undefined {
  const sha = progress.pull.merged?.sha;
  if (!sha || progress.apps.length === 0) return undefined;
  const failed = progress.apps.some((app) => app.state === 'failure' || app.state === 'rejected');
  const done = progress.apps.every((app) => app.state === 'success' || app.state === 'superseded');
  const lines = progress.apps.map(
    (app) => `- **${plain(app.name)}**: ${stateWords[app.state]} · ${plain(app.message, 200)}`,
  );
  return {
    name: checks.rollout,
    sha,
    conclusion: failed ? 'failure' : done ? 'success' : undefined,
    title: title(trackerVerdict(progress)),
    summary: list(lines),
  };
}
