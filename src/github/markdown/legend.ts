// What the signs of a comment mean, one click away.

type Sign = readonly [sign: string, meaning: string];

const lines: readonly { of: string; signs: readonly Sign[] }[] = [
  {
    of: 'Row',
    signs: [
      ['❌', 'cannot be synced as it stands'],
      ['🔴', 'deletes something, or is risky'],
      ['🟡', 'waits for approval, or has drifted'],
      ['🟢', 'none of these'],
    ],
  },
  {
    of: 'Change',
    signs: [
      ['| +', '`+` objects created'],
      ['~', '`~` changed'],
      ['−', '`−` deleted'],
      ['→', '`→` handed over to another application'],
    ],
  },
  {
    of: 'Live now',
    signs: [
      ['💚', 'healthy'],
      ['⏳', 'progressing'],
      ['💔', 'degraded'],
      ['👻', 'missing'],
      ['❔', 'unknown'],
      ['🟠', 'the cluster differs from what Git says today, before this pull request'],
    ],
  },
  {
    of: 'Gate',
    signs: [
      ['⏸️', 'people must approve after the merge'],
      ['🔒 locked', '`🔒 locked`: nothing of it is synced before that ends'],
      ['🔓', 'a gate ends or is loosened'],
      ['auto on merge', '`auto on merge`: syncs by itself'],
    ],
  },
  {
    of: 'Digest',
    signs: [
      [
        '· digest <code>',
        'names the effect, not the commit: an approval is for one digest, and holds while it is the same',
      ],
    ],
  },
];

/** Of the signs that stand in that text; '' where there are none. */
export function legendOf(text: string): string {
  const found = lines.flatMap(({ of, signs }) => {
    const meanings = signs
      .filter(([sign]) => text.includes(sign))
      .map(([sign, meaning]) => (/^\p{Extended_Pictographic}/u.test(sign) ? `${sign} ${meaning}` : meaning));
    return meanings.length > 0 ? [`- **${of}**: ${meanings.join(' · ')}`] : [];
  });
  return found.length > 0
    ? ['<details><summary>What the signs mean</summary>', '', ...found, '', '</details>'].join('\n')
    : '';
}
