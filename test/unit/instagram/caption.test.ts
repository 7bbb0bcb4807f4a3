import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { captionHashtags, captionMentions } from '../../../src/instagram/caption.ts';

describe('hashtags', () => {
  test.each<[string, string, string[]]>([
    ['none', 'A quiet morning.', []],
    ['an empty caption', '', []],
    ['in order of first appearance', '#river then #boat\n#lantern', ['river', 'boat', 'lantern']],
    ['once, in the first spelling', '#Boat #boat #BOAT #boats', ['Boat', 'boats']],
    ['digits and underscores', '#kite_2 #_kite #3kites', ['kite_2', '_kite', '3kites']],
    ['digits alone', '#2024 #80% off', ['2024', '80']],
    ['not underscores alone', '#_ #___ # #', []],
    ['punctuation ends it', '#boat, #boat! (#river) "#lantern" #a-b #c.d', ['boat', 'river', 'lantern', 'a', 'c']],
    ['an apostrophe ends it', "#kite’s #boat's", ['kite', 'boat']],
    ['glued tags', '#river#boat#lantern', ['river', 'boat', 'lantern']],
    ['a tag glued to a mention', '@kite.maker#river', ['river']],
    ['not glued to a word', 'issue#5 C#minor 日本#海 café#x', []],
    ['not glued to a digit or underscore', '1#a _#b', []],
    ['after a sign', '(#a) /#b -#c .#d !#e ##f', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['not an HTML entity', 'Tom&#39;s &#x27;kite&#8230;', []],
    ['after an emoji', '🪁#kite ❤️#heart 👍🏽#thumb 🏴󠁧󠁢󠁳󠁣󠁴󠁿#flag 1️⃣#one', ['kite', 'heart', 'thumb', 'flag', 'one']],
    ['an emoji ends it', '#kite🪁 #heart❤️ #family👨‍👩‍👧 #thumb👍🏽x', ['kite', 'heart', 'family', 'thumb']],
    ['an emoji is none', '#🪁 #❤️ #️⃣ #️⃣1', []],
    ['a keycap ends it', '#step1️⃣ #step1⃣ #1️⃣', ['step']],
    ['accents, composed and not', '#caf\u00e9 #CAFE\u0301 #na\u0308hen', ['caf\u00e9', 'na\u0308hen']],
    ['Cyrillic and Greek', '#река, #ποτάμι!', ['река', 'ποτάμι']],
    ['Turkish and German', '#İstanbulŞehri #straße', ['İstanbulŞehri', 'straße']],
    ['Arabic with marks', 'صباح #الخَيْر، #نهر٢', ['الخَيْر', 'نهر٢']],
    ['Persian with a joiner', '#می\u200cخواهم #کتاب\u200c', ['می\u200cخواهم', 'کتاب']],
    ['Hebrew', '#נָהָר.', ['נָהָר']],
    ['Devanagari with marks', '#हिन्दी #नदी। #क्\u200dष', ['हिन्दी', 'नदी', 'क्\u200dष']],
    ['Bengali, Tamil, Sinhala', '#বাংলা #தமிழ் #ශ්\u200dරී', ['বাংলা', 'தமிழ்', 'ශ්\u200dරී']],
    ['Catalan with its dot, composed and not', '#il·lusió #col\u00b7laborar #para\u0387lel', ['il·lusió', 'col·laborar', 'para\u0387lel']],
    ['a dot between tags separates them', '#kite·#boat #river· #lantern ·#pier', ['kite', 'boat', 'river', 'lantern', 'pier']],
    ['Hebrew with geresh and gershayim', '#צה״ל #רח׳ #ג׳ירפה', ['צה״ל', 'רח׳', 'ג׳ירפה']],
    ['Tibetan with its marks', '#བོད་ཡིག #ལྷ་ས།', ['བོད་ཡིག', 'ལྷ་ས']],
    ['Ethiopic digits and joined underscores', '#ዓመት፳ #kite‿boat', ['ዓመት፳', 'kite‿boat']],
    ['Thai', '#แม่น้ำ #น้ำใจๆ', ['แม่น้ำ', 'น้ำใจๆ']],
    ['Japanese', '#東京タワー #らーめん、#写真・旅', ['東京タワー', 'らーめん', '写真']],
    ['Japanese with the full-width sign', '＃東京　＃夜景＃海', ['東京', '夜景', '海']],
    ['Korean', '#서울야경 #한강.', ['서울야경', '한강']],
    ['Chinese and an astral letter', '#長江 #𠮷野', ['長江', '𠮷野']],
    ['an astral letter before it', '𠮷#x', []],
    ['a joiner without letters', '#\u200d #a\u200d🪁 #\u200cb', ['a']],
    ['a line break or zero-width space ends it', '#a\nb #c\u200bd', ['a', 'c']],
    ['a mark alone is none', '#\u0301 #\u0301a', []],
    ['not in a URL', 'https://a.example/#one http://b.example/x?y#two www.c.example/#three HTTPS://D.EXAMPLE#four', []],
    ['not a URL itself', '#http://a.example/#one #HTTPS://b.example ＃https://c.example #ftp://d.example #a#http://e.example', ['a']],
    ['a scheme needs its slashes', '#http #https: #http:/x #httpserver://', ['http', 'https']],
    ['not in a URL without a scheme', 'kites.example/#five or sub.kites.example/p/#six', []],
    ['after a URL', 'https://a.example/x #one\nwww.b.example\n#two', ['one', 'two']],
    ['a URL ends at other scripts', 'https://a.example/x。#川', ['川']],
    ['after a word with a slash', 'river/ #a w/#b', ['a', 'b']],
    ['a long row of w is no URL', 'awww.#cute', ['cute']],
    ['not in an e-mail address', 'kite#maker@mail.example', []],
  ])('%s', (_name, caption, expected) => {
    expect(captionHashtags(caption)).toEqual(expected);
  });
});

describe('mentions', () => {
  test.each<[string, string, string[]]>([
    ['none', 'A quiet morning @ the river', []],
    ['in order of first appearance', 'with @river.boat and @kite_maker', ['river.boat', 'kite_maker']],
    ['once, in the first spelling', '@Kite.Maker @kite.maker', ['Kite.Maker']],
    ['without the dot that ends the sentence', 'Thanks @kite.maker. And @boat...', ['kite.maker', 'boat']],
    ['not beyond two dots', '@kite..maker', ['kite']],
    ['not with a leading dot', '@.kite', []],
    ['underscores anywhere', '@_kite_ @__', ['_kite_', '__']],
    ['digits alone', '@2024', ['2024']],
    ['punctuation ends it', '(@kite), "@boat"! @river-side @a’s', ['kite', 'boat', 'river', 'a']],
    ['not in an e-mail address', 'kite@mail.example k.m+x@mail.example k_@mail.example josé@mail.example', []],
    ['not an address of two hosts', '@test@example.com, @kite@social.example! @river.boat@a.b.example', []],
    ['joined to another name without a host', '@kite@boat @kite@ @kite@.com', ['kite']],
    ['not in a URL', 'https://a.example/@one www.b.example/@two c.example/@three/x http://user@host.example', []],
    ['after a URL', 'https://a.example @one', ['one']],
    ['after a sign', 'w/@one .@two -@three :@four &@five', ['one', 'two', 'three', 'four', 'five']],
    ['after a mention and a slash', '@river.boat/@kite', ['river.boat', 'kite']],
    ['after an emoji', '📸@kite ❤️@boat', ['kite', 'boat']],
    ['an emoji ends it', '@kite🪁 @boat❤️', ['kite', 'boat']],
    ['glued to a tag', '#river@kite', ['kite']],
    ['not glued to a word', 'photo@kite 写真@boat', []],
    ['followed by another script', '@kiteさんと @boat님 @riverของ', ['kite', 'boat', 'river']],
    ['not cut at an accent', '@josé @jose\u0301 @strauß', []],
    ['not the full-width sign', '＠kite', []],
    ['thirty characters', `@${'a'.repeat(30)}`, ['a'.repeat(30)]],
    ['not thirty-one', `@${'a'.repeat(31)}`, []],
    ['doubled sign', '@@kite', ['kite']],
  ])('%s', (_name, caption, expected) => {
    expect(captionMentions(caption)).toEqual(expected);
  });
});

test('any caption keeps the order and the author’s spelling', () => {
  const word = fc.constantFrom(
    '#',
    '@',
    '＃',
    '.',
    '/',
    '&',
    ' ',
    '\n',
    'a',
    'É',
    'e\u0301',
    '\u200d',
    '·',
    '״',
    '་',
    '://',
    '.example',
    '🪁',
    '\ufe0f',
    '\ud83e',
    '川',
    '1',
    '_',
    'www.',
    'https://',
    'x.example/',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      const caption = words.join('');
      for (const tag of captionHashtags(caption)) {
        expect(caption).toMatch(new RegExp(`[#＃]${tag}`, 'u'));
        expect(tag).toMatch(/^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_]|[·״་\u200c\u200d](?=[\p{L}\p{M}]))*$/u);
      }
      for (const name of captionMentions(caption)) {
        expect(caption).toContain(`@${name}`);
        expect(name).toMatch(/^[A-Za-z0-9_](?:[A-Za-z0-9._]*[A-Za-z0-9_])?$/);
      }
    }),
    { numRuns: 5_000 },
  );
});

test.each(
  [
    'a',
    '#',
    '@',
    '#a',
    '@a',
    'a.',
    '@a.',
    '#a#',
    '@a@',
    'a@',
    'a@b.',
    '.',
    '-',
    'www.',
    'http',
    'https://',
    'a/',
    'a.bc/',
    'é',
    '\u0301',
    '川',
    '\u200d',
    '#\u200d',
    'a\u200d',
    'a·',
    '#a·',
    'a+.',
    '#a://',
    '@a@b.cd',
    '@a@b.',
    '1\ufe0f\u20e3',
    '#1\ufe0f',
    '&#',
    ' ',
    '_',
    'a-',
  ].map((filler) => [filler] as const),
)('a hostile caption of %j takes time linear in its length', (filler) => {
  const started = performance.now();
  for (const caption of [filler.repeat(100_000), `#${filler.repeat(100_000)}`, `@${filler.repeat(100_000)}!`]) {
    expect(captionHashtags(caption).length + captionMentions(caption).length).toBeLessThan(4);
  }
  expect(performance.now() - started).toBeLessThan(3_000);
});
