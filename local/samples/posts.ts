/** A person in a sample. Nobody here exists. */
export type SampleUser = { readonly id: string; readonly username: string; readonly fullName: string; readonly isVerified: boolean };

type SampleOwner = SampleUser & { readonly followers: number; readonly posts: number };

/** One picture or video; a post that is no carousel has exactly one. Sizes in pixels. */
export type SampleSlide = {
  /** Of the slide; for a post that is no carousel, the post's own. */
  readonly shortcode: string;
  readonly type: 'image' | 'video';
  readonly width: number;
  readonly height: number;
  readonly alt: string | null;
  readonly durationSeconds: number;
  readonly views: number;
};

/** What a post says, before any provider's shape is put on it. */
export type SamplePost = {
  readonly shortcode: string;
  readonly kind: 'image' | 'video' | 'carousel' | 'reel';
  readonly caption: string | null;
  /** Unix seconds. */
  readonly takenAt: number;
  /** Kept also when they are hidden: what is shown then is each provider's own business. */
  readonly likes: number;
  readonly likesHidden: boolean;
  readonly comments: number;
  /** Of a video or reel; null for a picture. */
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
};

const lantern: SampleOwner = {
  id: '41000000017',
  username: 'sample.lantern.works',
  fullName: 'Lantern Works',
  isVerified: true,
  followers: 18_240,
  posts: 312,
};
const kumo: SampleOwner = {
  id: '41000000029',
  username: 'sample_kumo_pan',
  fullName: '雲のパン屋',
  isVerified: false,
  followers: 2_315,
  posts: 88,
};
const nakhla: SampleOwner = {
  id: '41000000031',
  username: 'sample_nakhla',
  fullName: 'بستان النخلة',
  isVerified: false,
  followers: 907,
  posts: 41,
};
const nadi: SampleOwner = {
  id: '41000000043',
  username: 'sample_nadi_kinare',
  fullName: 'नदी किनारे',
  isVerified: false,
  followers: 5_120,
  posts: 230,
};
const tinker: SampleUser = { id: '41000000057', username: 'sample.tinker', fullName: 'Ada the Tinker', isVerified: false };
const glassHouse: SampleUser = { id: '41000000063', username: 'sample_glass_house', fullName: 'Glass House', isVerified: true };

const image = (shortcode: string, alt: string | null, width = 1_080, height = 1_350): SampleSlide => ({
  shortcode,
  type: 'image',
  width,
  height,
  alt,
  durationSeconds: 0,
  views: 0,
});

const video = (shortcode: string, durationSeconds: number, views: number, width = 1_080, height = 1_920): SampleSlide => ({
  shortcode,
  type: 'video',
  width,
  height,
  alt: null,
  durationSeconds,
  views,
});

/** An ordinary picture; the other samples say in what they differ. */
const ordinary = {
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
} as const;

const harbour = { id: '212000017', name: 'Old Harbour Steps', city: 'Sampleton', latitude: 54.3201, longitude: 10.1402 };
const ownSound = { title: 'Original audio', artist: 'sample.lantern.works', audioId: '730000000000017', isOriginal: true };
const song = { title: 'Paper Boats', artist: 'The Invented Trio', audioId: '730000000000029', isOriginal: false };

/** A reel with everything that a reel can have; also what a slow provider answers, under another shortcode. */
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
};

/** The posts that are served when no folder of recordings is given. */
export const SAMPLE_POSTS: readonly SamplePost[] = [
  {
    ...ordinary,
    shortcode: 'DemoImage01',
    caption: 'First light on the workshop window. Thank you @sample.tinker and @sample_glass_house! #morning #handmade',
    slides: [image('DemoImage01', 'Photo by Lantern Works. May be an image of a window and a paper lantern.')],
    location: harbour,
    taggedUsers: [tinker, glassHouse],
  },
  {
    ...ordinary,
    shortcode: 'DemoVideo01',
    kind: 'video',
    caption: 'How the frame is bent, in one take. #woodwork',
    takenAt: Date.UTC(2021, 2, 3, 17, 5, 0) / 1_000,
    likes: 640,
    comments: 0,
    plays: 9_310,
    slides: [video('DemoVideo01', 48.066, 4_120, 1_080, 1_350)],
    music: ownSound,
  },
  {
    ...ordinary,
    shortcode: 'DemoAlbum01',
    kind: 'carousel',
    caption: 'Three steps and one mistake. Paid partnership with @sample_glass_house #ad',
    likes: 3_071,
    comments: 95,
    slides: [
      image('DemoAlbum1a', 'May be an image of paper and scissors.'),
      video('DemoAlbum1b', 12.5, 7_730, 1_080, 1_350),
      image('DemoAlbum1c', null),
      image('DemoAlbum1d', 'May be an image of a lamp that fell over.'),
    ],
    sponsor: glassHouse,
  },
  REEL,
  {
    ...ordinary,
    shortcode: 'DemoHidden1',
    caption: 'We hid the likes on this one. Look at the lamp instead.',
    likesHidden: true,
    slides: [image('DemoHidden1', null)],
  },
  { ...ordinary, shortcode: 'DemoNoText1', caption: null, likes: 0, comments: 0, slides: [image('DemoNoText1', null, 1_080, 1_080)] },
  {
    ...ordinary,
    shortcode: 'DemoJapan01',
    caption: '今朝の雲パンが焼けました☁️🍞 レシピは @sample_kumo_pan まで。\n#雲のパン屋 #朝ごはん #手作りパン',
    owner: kumo,
    likes: 512,
    comments: 18,
    slides: [image('DemoJapan01', '写真：雲のパン屋')],
  },
  {
    ...ordinary,
    shortcode: 'DemoArabic1',
    kind: 'reel',
    caption: 'قطفنا أول تمر هذا العام مع @sample_nakhla 🌴\n#تمر #بستان_النخلة #حصاد٢٠٢٦',
    owner: nakhla,
    likes: 288,
    comments: 31,
    plays: 6_044,
    slides: [video('DemoArabic1', 19.2, 0)],
    music: { ...ownSound, artist: 'sample_nakhla', audioId: '730000000000031' },
  },
  {
    ...ordinary,
    shortcode: 'DemoHindi01',
    kind: 'carousel',
    caption: 'नदी किनारे की शाम, दोस्तों के साथ। #नदी_किनारे #शाम #हिन्दी',
    owner: nadi,
    likes: 1_930,
    comments: 77,
    slides: [image('DemoHindi1a', null), image('DemoHindi1b', null)],
  },
];
