// A data provider without latency, in its own process: ScrapeCreators' format, one post for every shortcode.
import { createServer } from 'node:http';
import { createCdn } from '../local/samples/cdn.ts';
import { REEL } from '../local/samples/sample-post.ts';
import { scrapecreatorsBody } from '../local/samples/scrapecreators-body.ts';
import { shortcodeInLink } from '../local/fakes/post-link.ts';
import { mediaIdFromShortcode } from '../src/instagram/shortcode.ts';
import { HEAVY_BYTES, HEAVY_PREFIX } from './provider.ts';

const body = scrapecreatorsBody(REEL, createCdn(Date.now()));
const ownId = mediaIdFromShortcode(REEL.shortcode);
const padding = JSON.stringify({ padding: 'x'.repeat(HEAVY_BYTES - body.length) });

function post(shortcode: string): string {
  const text = body.replaceAll(REEL.shortcode, shortcode).replaceAll(ownId, mediaIdFromShortcode(shortcode));
  return shortcode.startsWith(HEAVY_PREFIX) ? `${text.slice(0, -1)},"unused":${padding}}` : text;
}

const server = createServer((req, res) => {
  const link = shortcodeInLink(new URL(req.url ?? '/', 'http://provider.local').searchParams.get('url') ?? '');
  const text = link === null ? '{}' : post(link.shortcode);
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  res.end(text);
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});
process.on('disconnect', () => process.exit());
