import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPERATOR_KEY, useApi } from '../support/api.ts';

const start = useApi();

const root = new URL('../../', import.meta.url);
const readText = (path: string) => readFileSync(new URL(path, root), 'utf8');

const GUIDES = readdirSync(new URL('docs/guides/', root))
  .filter((name) => name.endsWith('.md'))
  .sort();

/** The documents whose commands are run, in this order: later ones may use the ids that earlier ones returned. */
const DOCUMENTS = ['README.md', ...GUIDES.map((name) => `docs/guides/${name}`)];

/** The address that the commands are sent to. */
const LOCAL = 'http://127.0.0.1:8787';

type Command = { readonly path: string; readonly init: { method: string; headers: Record<string, string>; body?: string } };

/** Reads the curl commands of a document as the requests that they send. Throws for an option that no command has used so far. */
function commandsOf(document: string): readonly Command[] {
  const blocks = [...document.matchAll(/```sh\n([\s\S]*?)```/g)].map((block) => (block[1] ?? '').replaceAll('\\\n', ' '));
  const lines = blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith('curl '));
  return lines.map((line) => {
    const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((word) => word[1] ?? word[2] ?? word[3] ?? '');
    const init: Command['init'] = { method: 'GET', headers: {} };
    let [path, method] = ['', ''];
    for (let index = 1; index < words.length; index += 1) {
      const word = words[index] ?? '';
      const next = words[index + 1] ?? '';
      if (word === '-s') continue;
      if (word.startsWith(LOCAL)) {
        path = word.slice(LOCAL.length);
        continue;
      }
      if (word === '-H') init.headers[next.slice(0, next.indexOf(':'))] = next.slice(next.indexOf(':') + 1).trim();
      else if (word === '-d') init.body = next;
      else if (word === '-X') method = next;
      else throw new Error(`${word} in: ${line}`);
      index += 1;
    }
    return { path, init: { ...init, method: method === '' ? (init.body === undefined ? 'GET' : 'POST') : method } };
  });
}

test('every command of README.md and the guides works as printed, in order, with the ids returned before', async () => {
  const api = start();
  api.inRealTime = true;
  const { key } = await api.signUp();
  const last = { request: '', key: '', testKey: '' };
  const seen: string[] = [];
  for (const document of DOCUMENTS) {
    for (const { path, init } of commandsOf(readText(document))) {
      const headers = Object.fromEntries(
        Object.entries(init.headers).map(([name, value]) => [
          name,
          value.replace('igsk_test_…', last.testKey).replace('igsk_…', key).replace('$OPERATOR_KEY', OPERATOR_KEY),
        ]),
      );
      const url = path.replace('req_…', last.request).replace('key_…', last.key);
      const answer = await api.request(url, { ...init, headers });
      const text = JSON.stringify(answer.body);
      expect([200, 201], `${document}: ${init.method} ${path}: ${text.slice(0, 300)}`).toContain(answer.status);
      last.request = /"receiptId":"(req_\w+)"/.exec(text)?.[1] ?? last.request;
      last.key = /"key":\{"id":"(key_\w+)"/.exec(text)?.[1] ?? last.key;
      last.testKey = /"apiKey":"(igsk_test_\w+)"/.exec(text)?.[1] ?? last.testKey;
      seen.push(`${init.method} ${path.replace(/\?.*/, '')}`);
    }
  }
  expect(seen).toContain('DELETE /v1/keys/key_…');
  expect(seen.length).toBeGreaterThan(20);
});

test('docs/reference/endpoints.md names every endpoint', async () => {
  const reference = readText('docs/reference/endpoints.md');
  const description = await start().request('/openapi.json');
  // safe because the tests of the description check its shape
  const { paths } = description.body as { paths: Record<string, object> };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(operations.length).toBeGreaterThan(25);
  expect(operations.filter((operation) => !reference.includes(`\`${operation}\``))).toEqual([]);
});
