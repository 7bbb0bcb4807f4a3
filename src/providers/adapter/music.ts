import { z } from 'zod';
import { knownOrNull, textOrNull } from '../../instagram/facts.ts';
import type { InstagramMedia } from '../../instagram/media.ts';
import { flag, id, optional, text, VendorUser } from './fields.ts';

/** A credit, and the address of the sound where the vendor gave one. */
export type VendorSound = { readonly music: InstagramMedia['music']; readonly audioUrl: string | null };

const sound = { audio_cluster_id: id, audio_asset_id: id, progressive_download_url: text };

const Licensed = optional(z.object({ ...sound, title: text, display_artist: text }));
const Original = optional(z.object({ ...sound, original_audio_title: text, ig_artist: optional(VendorUser) }));

/** The web's flat credit, or the app's nesting of a licensed song or an original recording. */
const Sound = z.object({
  artist_name: text,
  song_name: text,
  audio_id: id,
  uses_original_audio: flag,
  music_asset_info: Licensed,
  music_info: optional(z.object({ music_asset_info: Licensed })),
  original_sound_info: Original,
});

/** A music credit in any nesting of the platform; null when nothing of it is known. */
export const vendorSound = optional(Sound).transform((found): VendorSound | null => {
  if (found == null) return null;
  const licensed = found.music_info?.music_asset_info ?? found.music_asset_info;
  const original = found.original_sound_info;
  const music =
    credit({
      title: licensed?.title,
      artist: licensed?.display_artist,
      audioId: licensed?.audio_cluster_id ?? licensed?.audio_asset_id,
      isOriginalAudio: false,
    }) ??
    credit({
      title: original?.original_audio_title,
      artist: original?.ig_artist?.username,
      audioId: original?.audio_asset_id ?? original?.audio_cluster_id,
      isOriginalAudio: true,
    }) ??
    credit({ title: found.song_name, artist: found.artist_name, audioId: found.audio_id, isOriginalAudio: found.uses_original_audio }) ??
    // A fact of its own in the flat credit; in the nesting it follows from where the rest stands.
    (found.uses_original_audio == null ? null : { title: null, artist: null, audioId: null, isOriginalAudio: found.uses_original_audio });
  const audioUrl = textOrNull(licensed?.progressive_download_url) ?? textOrNull(original?.progressive_download_url);
  return music === null && audioUrl === null ? null : { music, audioUrl };
});

type Credit = NonNullable<InstagramMedia['music']>;

/** Null when nothing names the music. */
function credit(given: { readonly [K in keyof Credit]: Credit[K] | undefined }): Credit | null {
  const named = knownOrNull({ title: textOrNull(given.title), artist: textOrNull(given.artist), audioId: textOrNull(given.audioId) });
  return named === null ? null : { ...named, isOriginalAudio: given.isOriginalAudio ?? null };
}
