/** An invented user. */
export type SampleUser = { readonly id: string; readonly username: string; readonly fullName: string; readonly isVerified: boolean };

type SampleOwner = SampleUser & { readonly followers: number; readonly posts: number };

/** One image or video; only a carousel has several. Sizes in pixels. */
export type SampleSlide = {
  /** The slide's shortcode; the post's own unless it is a carousel. */
  readonly shortcode: string;
  readonly type: 'image' | 'video';
  readonly width: number;
  readonly height: number;
  readonly alt: string | null;
  readonly durationSeconds: number;
  readonly views: number;
};

/** A post, independent of any provider's format. */
export type SamplePost = {
  readonly shortcode: string;
  readonly kind: 'image' | 'video' | 'carousel' | 'reel';
  readonly caption: string | null;
  /** Unix seconds. */
  readonly takenAt: number;
  /** Set even when hidden: each provider shows hidden likes differently. */
  readonly likes: number;
  readonly likesHidden: boolean;
  readonly comments: number;
  readonly plays: number | null;
  readonly shares: number;
  readonly reposts: number;
  readonly owner: SampleOwner;
  readonly slides: readonly [SampleSlide, ...SampleSlide[]];
  readonly location: {
    readonly id: string;
    readonly name: string;
    readonly city: string;
    readonly latitude: number;
    readonly longitude: number;
  } | null;
  readonly taggedUsers: readonly SampleUser[];
  readonly coauthors: readonly SampleUser[];
  readonly sponsor: SampleUser | null;
  readonly music: { readonly title: string; readonly artist: string; readonly audioId: string; readonly isOriginal: boolean } | null;
  readonly isPinned: boolean;
  readonly commentsDisabled: boolean;
  /** The texts of its comments, in turn; null for the usual ones. */
  readonly commentTexts: readonly string[] | null;
  /** Whether pages of its comments repeat earlier ones, as in a busy thread. */
  readonly threadMoves: boolean;
  /** Whether all of its comments but the first are replies to that. */
  readonly isOneThread: boolean;
  /** The outcome of the providers' transcription; null when they have none. */
  readonly transcript: { readonly kind: 'speech'; readonly text: string } | { readonly kind: 'no_speech' } | null;
};

const lantern: SampleOwner = {
  id: '41000000017',
  username: 'sample.lantern.works',
  fullName: 'Lantern Works',
  isVerified: true,
  followers: 18_240,
  posts: 312,
};
export const kumo: SampleOwner = {
  id: '41000000029',
  username: 'sample_kumo_pan',
  fullName: '雲のパン屋',
  isVerified: false,
  followers: 2_315,
  posts: 88,
};
export const nakhla: SampleOwner = {
  id: '41000000031',
  username: 'sample_nakhla',
  fullName: 'بستان النخلة',
  isVerified: false,
  followers: 907,
  posts: 41,
};
export const nadi: SampleOwner = {
  id: '41000000043',
  username: 'sample_nadi_kinare',
  fullName: 'नदी किनारे',
  isVerified: false,
  followers: 5_120,
  posts: 230,
};
export const tinker: SampleUser = { id: '41000000057', username: 'sample.tinker', fullName: 'Ada the Tinker', isVerified: false };
export const glassHouse: SampleUser = { id: '41000000063', username: 'sample_glass_house', fullName: 'Glass House', isVerified: true };

export const image = (shortcode: string, alt: string | null, width = 1_080, height = 1_350): SampleSlide => ({
  shortcode,
  type: 'image',
  width,
  height,
  alt,
  durationSeconds: 0,
  views: 0,
});

export const video = (shortcode: string, durationSeconds: number, views: number, width = 1_080, height = 1_920): SampleSlide => ({
  shortcode,
  type: 'video',
  width,
  height,
  alt: null,
  durationSeconds,
  views,
});

/** An ordinary image. Other samples state only their differences. */
export const ordinary = {
  kind: 'image',
  takenAt: Date.UTC(2026, 4, 14, 9, 30, 12) / 1_000,
  likes: 1_284,
  likesHidden: false,
  comments: 46,
  plays: null,
  shares: 12,
  reposts: 3,
  owner: lantern,
  location: null,
  taggedUsers: [],
  coauthors: [],
  sponsor: null,
  music: null,
  isPinned: false,
  commentsDisabled: false,
  commentTexts: null,
  threadMoves: false,
  isOneThread: false,
  transcript: null,
} as const;

export const harbour = { id: '212000017', name: 'Old Harbour Steps', city: 'Sampleton', latitude: 54.3201, longitude: 10.1402 };
export const ownSound = { title: 'Original audio', artist: 'sample.lantern.works', audioId: '730000000000017', isOriginal: true };
const song = { title: 'Paper Boats', artist: 'The Invented Trio', audioId: '730000000000029', isOriginal: false };

/** A reel with every optional field; also the response of a slow provider, under another shortcode. */
export const REEL: SamplePost = {
  ...ordinary,
  shortcode: 'DemoReel_01',
  kind: 'reel',
  caption:
    'Folding forty paper lanterns before the tide comes in 🏮🌊\n\nMusic by @sample.tinker. Plans at hello@lantern.example\n#lanterns #papercraft',
  likes: 20_418,
  comments: 312,
  plays: 402_117,
  shares: 884,
  reposts: 131,
  slides: [video('DemoReel_01', 31.4, 0)],
  location: harbour,
  taggedUsers: [tinker],
  coauthors: [glassHouse],
  music: song,
  isPinned: true,
  transcript: {
    kind: 'speech',
    text: 'Forty lanterns, one tide. Fold along the long edge first, then turn it over and press the corner flat with your thumb.',
  },
};
