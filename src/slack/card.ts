// What every card is made of: its words, its place, and the line that says which application it is about.
import type { Button, KnownBlock } from '@slack/types';
import type { Application } from '../model/application.ts';
import type { Effect } from '../model/effect.ts';
import type { EffectivePolicy } from '../policy/policy.ts';
import type { Part } from './text.ts';
import { applicationName, shortRevision } from '../model/application.ts';
import { repositoryPage, titleOf } from './change.ts';
import { code, link, plain } from './text.ts';

export interface Card {
  /** For notifications and screen readers; at most 300 characters. */
  text: string;
  blocks: KnownBlock[];
  /** The story has ended: such a card is never posted anew, and one that stands is left alone. */
  final: boolean;
}

export interface CardPlace {
  app: Application | undefined;
  policy: EffectivePolicy | undefined;
  /** Message of the commit that the card speaks of, when it is known. */
  commit: string | undefined;
  /** Who wrote the commits of the deploy, as far as they are known. */
  authors?: readonly string[];
  /** What its gate does not hold, and who has gone past it: sentences without a subject. */
  told?: readonly string[];
  /** Where Argo CD syncs: what is left of a sync that it reports (see the engine's `Beside`). */
  unverified?: readonly string[] | undefined;
  /** What a sync would do, with values; undefined while it is not worked out again. */
  effect?: Effect | undefined;
  publicUrl: string;
}

/** Address of the application on our page. */
export function pageOf(application: string, publicUrl: string): string {
  return `${publicUrl}/applications/${application.split('/').map(encodeURIComponent).join('/')}`;
}

/**
 * `🟠 checkout-prod production is OutOfSync`: the icon, the application as a link, its environment, and what is to say.
 */
export function headline(icon: string, application: string, place: CardPlace, words: Part[]): Part[] {
  const environment = place.policy?.environment;
  return [
    `${icon}  `,
    { url: pageOf(application, place.publicUrl), bold: applicationName(application) },
    ' ',
    ...(environment ? [{ code: environment }, ' '] : []),
    ...words,
  ];
}

/** The commit as a link. */
export function revisionFact(revision: string | undefined, place: CardPlace): string {
  if (!revision) return '';
  const page = repositoryPage(place.app);
  return page && /^[0-9a-f]{40}$/.test(revision)
    ? link(`${page}/commit/${revision}`, shortRevision(revision))
    : code(shortRevision(revision));
}

/** The change in its author's words, with its pull request. */
export function changeParts(place: CardPlace): Part[] {
  if (!place.commit) return [];
  const { title, pull } = titleOf(place.commit);
  const page = repositoryPage(place.app);
  return [
    '“',
    title.slice(0, 200),
    '”',
    ...(pull ? ['  ', { url: page && `${page}/pull/${pull}`, bold: `#${pull}` }] : []),
  ];
}

interface ButtonOptions {
  id: string;
  text: string;
  value: string;
  style?: 'primary' | 'danger';
  /** Asked before the click counts; the text has at most 300 characters. */
  confirm?: { title: string; text: string; yes: string };
}

/** A button of a Block Kit message; texts are plain, `value` comes back with the click. */
export function button({ id, text, value, style, confirm }: ButtonOptions): Button {
  const words = (label: string): { type: 'plain_text'; text: string } => ({ type: 'plain_text', text: plain(label) });
  return {
    type: 'button',
    action_id: id,
    value,
    ...(style && { style }),
    text: words(text),
    ...(confirm && {
      confirm: {
        title: words(confirm.title),
        text: words(confirm.text),
        confirm: words(confirm.yes),
        deny: words('Cancel'),
        style: 'danger' as const,
      },
    }),
  };
}
