/** Fields whose text is this service's own, or one of a fixed set. */
const OWN = new RegExp(
  `^(?:${[
    'kind',
    'view',
    'provider\\.(?:id|billedUnit)',
    'cache\\.(?:status|key)',
    'usage\\.(?:priceCardVersion|receiptId|lines\\[\\]\\.(?:item|reason))',
    'limitations\\[\\]\\.(?:code|path|reason|message)',
    'untrusted\\[\\]',
    'data\\.(?:shortcode|type|(?:media|children)\\[\\]\\.type|children\\[\\]\\.shortcode|transcript\\.source)',
    'data\\.(?:commentsPage\\.)?(?:nextCursor|sampling\\.(?:order|reason|note))',
    'parse\\.(?:mode|status|promptVersion|cache\\.(?:status|key)|sample\\..*)',
  ].join('|')})$`,
);

/** Ids, times, and addresses of the platform: nobody can write words in them. */
const WORDLESS = [
  /^\d+(?:_\d+)?$/,
  /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/,
  /^https:\/\/(?:www\.instagram\.com|[\w.-]+\.(?:cdninstagram\.com|fbcdn\.net))\//,
];

/** Whether a text at this path is this service's own, or one of a fixed set. */
export function isOwnText(path: string): boolean {
  return OWN.test(path);
}

/** The fields of an answer that hold words and are not in its list of untrusted ones. */
export function unlistedWords(answer: object, untrusted: readonly string[]): readonly string[] {
  const listed = new Set(untrusted);
  const found = new Set<string>();
  const walk = (value: unknown, path: string): void => {
    if (listed.has(path)) return;
    if (Array.isArray(value)) for (const item of value) walk(item, `${path}[]`);
    else if (typeof value === 'object' && value !== null)
      for (const [name, field] of Object.entries(value)) walk(field, path === '' ? name : `${path}.${name}`);
    else if (typeof value === 'string' && value !== '' && !isOwnText(path) && !WORDLESS.some((form) => form.test(value))) found.add(path);
  };
  walk(answer, '');
  return [...found];
}
