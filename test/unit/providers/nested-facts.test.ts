import { describe, expect, test } from 'vitest';
import { vendorSound } from '../../../src/providers/adapter/music.ts';
import { vendorUsers } from '../../../src/providers/adapter/users.ts';
import { createApify } from '../../../src/providers/apify/apify.ts';
import { createHikerApi } from '../../../src/providers/hikerapi/hikerapi.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import { createScrapeCreators } from '../../../src/providers/scrapecreators/scrapecreators.ts';
import { answering, budget, clock, target } from './answers.ts';

const CODE = 'C3L9IQOygAN';
const access = { baseUrl: 'https://vendor.example', key: 'key', clock };

const user = { pk: '700000002', username: 'heron.watch', full_name: 'Heron Watch', is_verified: true };
const known = { id: '700000002', username: 'heron.watch', fullName: 'Heron Watch', isVerified: true };
/** The app's nesting of a tag and of a licensed song. */
const appTag = { position: [0.5, 0.25], user };
const appSong = {
  music_info: { music_asset_info: { title: 'Harbor Lights', display_artist: 'The Slow Lamps', audio_cluster_id: '743000000000001' } },
};
const song = { title: 'Harbor Lights', artist: 'The Slow Lamps', audioId: '743000000000001', isOriginalAudio: false };

/** Adapters that receive a reel with one value for its tags, its credits and its music. */
const READERS: Record<string, (tags: unknown, sound: unknown) => Provider> = {
  apify: (tags, sound) => {
    const shared = { id: '31', shortCode: CODE, type: 'Video', taggedUsers: tags, coauthorProducers: tags, sponsors: tags };
    return createApify({ ...access, ...answering(201, [{ ...shared, musicInfo: sound }]) });
  },
  hikerapi_v1: (tags, sound) => {
    const shared = { pk: '31', code: CODE, media_type: 2, usertags: tags, coauthor_producers: tags, sponsor_tags: tags };
    return createHikerApi({ ...access, ...answering(200, { ...shared, clips_metadata: sound }), mediaVersion: 'v1' });
  },
  hikerapi_v2: (tags, sound) => {
    const shared = { pk: '31', code: CODE, media_type: 2, usertags: tags, coauthor_producers: tags, sponsor_tags: tags };
    const post = { ...shared, clips_metadata: { music_info: null, original_sound_info: null }, music_metadata: sound };
    return createHikerApi({ ...access, ...answering(200, { media_or_ad: post }), mediaVersion: 'v2' });
  },
  scrapecreators: (tags, sound) => {
    const shared = { __typename: 'XDTGraphVideo', id: '31', shortcode: CODE, edge_media_to_tagged_user: tags, coauthor_producers: tags };
    const post = { ...shared, edge_media_to_sponsor_user: tags, clips_music_attribution_info: sound };
    return createScrapeCreators({ ...access, ...answering(200, { data: { xdt_shortcode_media: post } }) });
  },
};

async function read(reader: string, tags: unknown, sound: unknown) {
  const provider = READERS[reader];
  if (provider === undefined) throw new Error(reader);
  const fetched = await provider(tags, sound).fetchMedia(target(CODE), budget);
  if (!fetched.ok) throw new Error(fetched.error.kind);
  return fetched.value.value;
}

describe.each(Object.keys(READERS))('%s', (reader) => {
  test.each([
    ['the app’s tags', [appTag]],
    ['the app’s tags under `in`', { in: [appTag] }],
    ['the web’s tags', { edges: [{ node: { user, x: 0.5, y: 0.5 } }] }],
    ['users', [user]],
  ])('reads %s', async (_name, tags) => {
    expect(await read(reader, tags, null)).toMatchObject({ taggedUsers: [known], coauthors: [known], sponsors: [known] });
  });

  test('reads a song in the app’s nesting', async () => {
    expect((await read(reader, null, appSong)).music).toEqual(song);
  });

  test.each([
    ['empty objects', [{}, { user: {} }, { position: [0, 0] }], {}],
    ['objects of nulls', [{ user: { pk: null, username: null, full_name: '' } }], { artist_name: null, song_name: '', audio_id: null }],
    ['the nesting of nothing', { in: [] }, { music_info: { music_asset_info: { title: null } }, original_sound_info: {} }],
    ['other things', 'tags', [7]],
  ])('sends no user and no music for %s', async (_name, tags, sound) => {
    const media = await read(reader, tags, sound);
    expect(media).toMatchObject({ taggedUsers: [], coauthors: [], sponsors: [], music: null, location: null });
  });
});

test.each<[string, unknown, unknown]>([
  [
    'an original recording',
    { original_sound_info: { original_audio_title: 'Original audio', ig_artist: user, audio_asset_id: 15 } },
    'Original audio',
  ],
  ['the song without its outer object', { music_asset_info: { title: 'Harbor Lights' } }, 'Harbor Lights'],
  ['the web’s flat credit', { song_name: 'Harbor Lights', artist_name: 'The Slow Lamps' }, 'Harbor Lights'],
  [
    'the recording beside an empty song',
    { music_info: { music_asset_info: {} }, original_sound_info: { original_audio_title: 'Mine' } },
    'Mine',
  ],
])('the music of %s has its title', (_name, sound, title) => {
  expect(vendorSound.parse(sound)?.music?.title).toBe(title);
});

test('the sound’s address is kept where nothing else of the music is known', () => {
  const url = 'https://scontent.cdninstagram.com/v/sound.m4a';
  expect(vendorSound.parse({ original_sound_info: { progressive_download_url: url } })).toEqual({ music: null, audioUrl: url });
  expect(vendorSound.parse({ uses_original_audio: true })?.music).toEqual({
    title: null,
    artist: null,
    audioId: null,
    isOriginalAudio: true,
  });
});

test('an actor’s list of names is read as usernames, and what is no name is left out', () => {
  expect(vendorUsers.parse(['heron.watch', '@mudflat_maps', 'Heron Watch', '', 7, null])).toMatchObject([
    { id: null, username: 'heron.watch' },
    { id: null, username: 'mudflat_maps' },
  ]);
});

test('nesting without end is no user', () => {
  let nested: unknown = user;
  for (let depth = 0; depth < 20; depth += 1) nested = { user: nested };
  expect(vendorUsers.parse([nested])).toEqual([]);
});
