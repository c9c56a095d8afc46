// Comments on pull requests and their reactions.
import type { Json } from './present/present.ts';
import type { Site } from './site.ts';
import type { Actor, Comment, Pull, Reaction, ReactionContent, Repository } from './world.ts';
import { Failure, invalid } from './failure.ts';
import { presentComment } from './present/present-parts.ts';
import { presentIssue } from './present/present-pull.ts';
import { presentScene } from './present/present.ts';
import { timestamp } from './world.ts';

interface CommentPlace {
  repository: Repository;
  actor: Actor;
}

/** GitHub's limit of a comment body, in characters. */
const longestBody = 65_536;

function checkBody(body: string): void {
  if (body.trim() === '')
    throw invalid('IssueComment', 'body', { code: 'missing_field', message: "Body can't be blank" });
  if ([...body].length > longestBody) {
    throw invalid('IssueComment', 'body', {
      code: 'custom',
      message: `body is too long (maximum is ${longestBody} characters)`,
    });
  }
}

function announce(site: Site, at: CommentPlace, comment: Comment, change: { action: string; more?: Json }): void {
  const pull = at.repository.pulls.get(comment.pull);
  if (!pull) return;
  const { world } = site;
  site.hooks.send('issue_comment', {
    action: change.action,
    ...change.more,
    issue: presentIssue(world, at.repository, pull),
    comment: presentComment(world, at.repository, comment),
    ...presentScene(world, at.repository, at.actor.account),
  });
  world.changed();
}

export function addComment(site: Site, at: CommentPlace & { pull: Pull }, body: string): Comment {
  checkBody(body);
  const now = timestamp();
  const comment: Comment = {
    id: site.world.nextId(),
    pull: at.pull.number,
    body,
    user: at.actor.account,
    app: at.actor.app,
    createdAt: now,
    updatedAt: now,
    reactions: [],
  };
  at.repository.comments.push(comment);
  at.pull.updatedAt = now;
  announce(site, at, comment, { action: 'created' });
  return comment;
}

export function editComment(site: Site, at: CommentPlace, comment: Comment, body: string): void {
  checkBody(body);
  mayChange(at, comment);
  const from = comment.body;
  comment.body = body;
  comment.updatedAt = timestamp();
  announce(site, at, comment, { action: 'edited', more: { changes: { body: { from } } } });
}

export function deleteComment(site: Site, at: CommentPlace, comment: Comment): void {
  mayChange(at, comment);
  at.repository.comments = at.repository.comments.filter((other) => other !== comment);
  announce(site, at, comment, { action: 'deleted' });
}

/** Its author, and whoever may write to the repository, as on GitHub. */
function mayChange(at: CommentPlace, comment: Comment): void {
  if (comment.user === at.actor.account || at.actor.app !== null) return;
  const role = at.repository.roles.get(at.actor.account.login.toLowerCase());
  if (role === 'write' || role === 'maintain' || role === 'admin') return;
  throw new Failure(403, 'Must have admin rights to Repository.');
}

/** The reaction, and whether it was there before (GitHub then answers 200 instead of 201). */
export function react(
  site: Site,
  actor: Actor,
  comment: Comment,
  content: ReactionContent,
): { reaction: Reaction; existed: boolean } {
  const known = comment.reactions.find((reaction) => reaction.user === actor.account && reaction.content === content);
  if (known) return { reaction: known, existed: true };
  const reaction: Reaction = { id: site.world.nextId(), user: actor.account, content, createdAt: timestamp() };
  comment.reactions.push(reaction);
  site.world.changed();
  return { reaction, existed: false };
}
