import { FAULTS } from '../../local/faults.ts';
import { BOUNDARY_FAULTS } from '../../local/boundary-faults.ts';
import { CALLER_MARK } from './hostile-texts.ts';

const loopback = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '017700000001',
  '0',
  '0.0.0.0',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:0:0:1]',
  '①②⑦.⓪.⓪.①',
  '127。0。0。1',
  'localhost',
  'localhost.',
  'LOCALHOST',
  'localtest.me',
  '127.0.0.1.nip.io',
];

const inside = [
  '169.254.169.254',
  '[fd00:ec2::254]',
  'metadata.google.internal',
  '100.100.100.200',
  '10.0.0.1',
  '192.168.0.1',
  '172.16.0.1',
  '[fe80::1%25eth0]',
  '2852039166',
  '0xa9fea9fe',
  'kubernetes.default.svc',
];

const lookalikes = [
  'instagram.com.evil.example',
  'evil-instagram.com',
  'instagram.com.',
  'www.instagram.com.evil.example',
  'instagrarn.com',
  'lnstagram.com',
  'ınstagram.com',
  'instagram.сom',
  'xn--nstagram-skb.com',
  'xn--instagram-com.evil.example',
  'instagram.com%2eevil.example',
  'instagram.com%00.evil.example',
  'www。instagram。com',
  'ⓘnstagram.com',
  'instagram.co',
  'instagram',
  'INSTAGRAM.COM',
  'graph.instagram.com',
  'i.instagram.com',
  'scontent.cdninstagram.com',
  'evil.example',
];

const tricks = [
  `https://instagram.com@evil.example/p/DemoImage01/?x=${CALLER_MARK}`,
  `https://www.instagram.com:${CALLER_MARK}@127.0.0.1/p/DemoImage01/`,
  'https://evil.example#@www.instagram.com/p/DemoImage01/',
  'https://evil.example?@www.instagram.com/p/DemoImage01/',
  'https://evil.example\\@www.instagram.com/p/DemoImage01/',
  'https://www.instagram.com\\@evil.example/p/DemoImage01/',
  'https:\\\\www.instagram.com\\p\\DemoImage01',
  'https:/www.instagram.com/p/DemoImage01/',
  'https:///www.instagram.com/p/DemoImage01/',
  'https:www.instagram.com/p/DemoImage01/',
  '//www.instagram.com/p/DemoImage01/',
  '///evil.example/p/DemoImage01/',
  'https://www.instagram.com:22/p/DemoImage01/',
  'https://www.instagram.com:443/p/DemoImage01/',
  'https://www.instagram.com:0443/p/DemoImage01/',
  'https://www.instagram.com:99999/p/DemoImage01/',
  'http://www.instagram.com:80/p/DemoImage01/',
  'ht\ttps://www.instagram.com/p/DemoImage01/',
  'https://www.insta\ngram.com/p/DemoImage01/',
  'https://www.instagram.com/p/Demo\tImage01/',
  '\u0000https://www.instagram.com/p/DemoImage01/',
  ' https://www.instagram.com/p/DemoImage01/ ',
  'https://www.instagram.com/p/../../v1/secret/',
  'https://www.instagram.com/p/%2e%2e/%2e%2e/secret/',
  'https://www.instagram.com/p/DemoImage01/../../../etc/passwd',
  'https://www.instagram.com/p/DemoImage01%2f..%2f..%2fadmin',
  'https://www.instagram.com//p//DemoImage01//',
  'https://www.instagram.com/./p/./DemoImage01/',
  'https%3A%2F%2Fwww.instagram.com%2Fp%2FDemoImage01%2F',
  'https%253A%252F%252Fwww.instagram.com%252Fp%252FDemoImage01%252F',
  'https%3A%2F%2Fevil.example%2Fp%2FDemoImage01%2F',
  `https://www.instagram.com/p/DemoImage01/?next=http://127.0.0.1/${CALLER_MARK}`,
  `https://www.instagram.com/p/DemoImage01/#http://127.0.0.1/${CALLER_MARK}`,
  `https://www.instagram.com/p/DemoImage01/?${CALLER_MARK}[]=1&${CALLER_MARK}[]=2`,
  `https://www.instagram.com/${CALLER_MARK}/p/DemoImage01/`,
  'https://www.instagram.com/p/DemoImage01/extra/segments/here',
  'https://www.instagram.com/P/DemoImage01/',
  'https://www.instagram.com/accounts/login/?next=/p/DemoImage01/',
  'https://l.instagram.com/?u=http%3A%2F%2F127.0.0.1%2F',
  'https://www.instagram.com/linkshim/?u=http://evil.example/',
  'https://www.instagram.com/stories/someone/123/',
  'https://www.instagram.com/someone/',
  'https://www.instagram.com/',
  '<https://www.instagram.com/p/DemoImage01/>',
  '[a](https://www.instagram.com/p/DemoImage01/)',
  'https://www.instagram.com/p/DemoImage01/ https://evil.example/',
  'https://www.instagram.com/p/DemoImage01/ https://www.instagram.com/p/DemoVideo01/',
  `https://www.instagram.com/p/DemoImage01/\nhttps://www.instagram.com@evil.example/${CALLER_MARK}`,
  `${CALLER_MARK} (https://www.instagram.com/p/DemoImage01/) ${CALLER_MARK}`,
  `https://kkinstagram.com/p/DemoImage01/?x=${CALLER_MARK}`,
  'https://kkinstagram.com@evil.example/p/DemoImage01/',
  'https://www.instagram.com/accounts/login/?next=https://evil.example/p/DemoImage01/',
  `https://www.instagram.com/p/${'A'.repeat(39)}/`,
  `https://www.instagram.com/p/${'A'.repeat(2_100)}/`,
  'https://www.instagram.com/p/DemoImage01;jsessionid=1/',
  "https://www.instagram.com/p/Demo'OR'1'='1/",
  '18446744073709551616',
  '3141592653589793238_12345',
];

const schemes = [
  'file',
  'ftp',
  'gopher',
  'dict',
  'ldap',
  'jar',
  'data',
  'javascript',
  'blob',
  'ws',
  'wss',
  'about',
  'intent',
  'instagram',
  'view-source:https',
];

const shares = [
  'https://www.instagram.com/share/ShareFaultEvil',
  'https://www.instagram.com/share/p/ShareFaultEvil',
  'https://www.instagram.com/share/reel/ShareFaultLoop',
  'https://www.instagram.com/share/ShareFaultLogin',
  'https://www.instagram.com/share/ShareFaultBusy',
  'https://www.instagram.com/share/r/ShareDemoReel_01/',
  'https://www.instagram.com/share/p/ShareDemoImage01/',
  'https://www.instagram.com/share/../../evil',
  'https://www.instagram.com/share/p/..%2f..%2fevil',
  `https://www.instagram.com/share/p/ShareDemoImage01/?x=${CALLER_MARK}`,
  'https://www.instagram.com/share/p/@evil.example',
  'https://www.instagram.com/share/p/http:%2f%2f127.0.0.1',
];

/** Addresses that must be refused, or read as exactly the post they name. */
export const HOSTILE_ADDRESSES: readonly string[] = [
  ...[...loopback, ...inside, ...lookalikes].flatMap((host) => [
    `https://${host}/p/DemoImage01/`,
    `http://${host}:8080/p/DemoImage01/?x=${CALLER_MARK}`,
    `${host}/p/DemoImage01`,
  ]),
  ...tricks,
  ...schemes.map((scheme) => `${scheme}://www.instagram.com/p/DemoImage01/`),
  ...schemes.map((scheme) => `${scheme}:${CALLER_MARK}`),
  ...shares,
];

const SAMPLES = [
  'DemoImage01',
  'DemoVideo01',
  'DemoAlbum01',
  'DemoReel_01',
  'DemoHidden1',
  'DemoNoText1',
  'DemoJapan01',
  'DemoArabic1',
  'DemoHindi01',
  'DemoSpeech1',
  'DemoSilent1',
  'DemoHosted1',
  'DemoThread1',
  'DemoClosed1',
];

/** Existing posts. */
export const GOOD_ADDRESSES: readonly string[] = SAMPLES.flatMap((shortcode) => [
  shortcode,
  `https://www.instagram.com/p/${shortcode}/`,
  `https://www.instagram.com/reel/${shortcode}/?utm_source=${CALLER_MARK}&igsh=x`,
]);

/** Posts for which a fake fails, without those that would only make the test wait or fill its memory. */
export const FAILING_ADDRESSES: readonly string[] = [...Object.keys(FAULTS), ...Object.keys(BOUNDARY_FAULTS)].filter(
  (shortcode) => !/Silent|PgHang|Hang__|Slow__|Huge__|Crawl_/.test(shortcode),
);

/** Posts that hang until the read's deadline; a few are enough. */
export const SLOW_ADDRESSES: readonly string[] = ['FaultSilent', 'FaultPgHang', 'FaultSlow__', 'AchroHang__', 'FaultHuge__'];

/** Whether a request names a post for which a fake fails. */
export function asksForFault(decodedRequestLine: string): boolean {
  return /Fault|Achro/.test(decodedRequestLine);
}
