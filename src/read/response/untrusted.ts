const USER = ['username', 'fullName'];
const usersAt = (path: string) => USER.map((name) => `${path}.${name}`);
const commentsAt = (path: string) => [`${path}.text`, ...usersAt(`${path}.owner`)];

const COMMENTS = [...commentsAt('data.comments[]'), ...commentsAt('data.comments[].replies[]')];

/** Every field of an answer that holds words of a stranger or a model, by its path. A test walks recordings and samples for one that is missing. */
const UNTRUSTED = [
  'data.caption',
  'data.hashtags[]',
  'data.mentions[]',
  'data.username',
  ...usersAt('data.owner'),
  'data.media[].altText',
  'data.children[].altText',
  'data.location.name',
  'data.location.city',
  ...['data.taggedUsers[]', 'data.coauthors[]', 'data.sponsors[]'].flatMap(usersAt),
  'data.music.title',
  'data.music.artist',
  'data.transcript',
  'data.transcript.text',
  'data.transcript.language',
  'data.transcript.segments[].text',
  ...COMMENTS,
  'data.comments[].username',
  'data.comments[].thread[].text',
  'data.comments[].thread[].username',
  'parse.model',
] as const;

/** An interpretation, whole: each mode has fields of its own. */
const OUTPUT = 'parse.output';

const STEPS = UNTRUSTED.map((path) => ({ path, steps: path.replaceAll('[]', '.*').split('.') }));

/** The fields of an answer that hold words of a stranger or a model. */
export function untrustedIn(body: { readonly data: unknown; readonly parse: unknown }): string[] {
  const paths = STEPS.flatMap(({ path, steps }) => (holdsWords(body, steps) ? [path] : []));
  return holdsOutput(body.parse) ? [...paths, OUTPUT] : paths;
}

function holdsWords(value: unknown, [step, ...rest]: readonly string[]): boolean {
  if (value === null || value === undefined) return false;
  if (step === undefined) return typeof value === 'string' && value !== '';
  if (step === '*') return Array.isArray(value) && value.some((item) => holdsWords(item, rest));
  return typeof value === 'object' && !Array.isArray(value) && holdsWords(Reflect.get(value, step), rest);
}

function holdsOutput(parse: unknown): boolean {
  return typeof parse === 'object' && parse !== null && Reflect.get(parse, 'output') != null;
}
