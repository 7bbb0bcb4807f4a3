import { assembleMedia, type InstagramMedia } from './media.ts';
import { mediaIdFromShortcode } from './shortcode.ts';

export const exampleMedia: InstagramMedia = assembleMedia({
  shortcode: 'DemoImage01',
  id: mediaIdFromShortcode('DemoImage01'),
  type: 'image',
  caption: 'First light over the harbour. Thanks @pier.nine for the early coffee! #sunrise #harbour',
  owner: {
    id: '4815162342',
    username: 'salt.and.north',
    fullName: 'Salt & North',
    isVerified: false,
    isPrivate: false,
    avatarUrl: 'https://scontent.cdninstagram.com/v/t51.2885-19/example_avatar.jpg?oe=6A8475D0',
    followers: 1204,
  },
  takenAtMs: Date.UTC(2026, 5, 27, 4, 12, 9),
  metrics: { likes: 312, comments: 14 },
  assets: [
    {
      type: 'image',
      url: 'https://scontent.cdninstagram.com/v/t51.2885-15/example_1.jpg?oe=6A8475D0',
      width: 1080,
      height: 1350,
      altText: 'Photo of boats in a harbour at sunrise.',
    },
  ],
  children: null,
  location: { id: '213491581', name: 'North Harbour', city: null, latitude: null, longitude: null },
  paidPartnership: false,
  flags: { likesHidden: false, commentsDisabled: false, isPinned: false },
});

export const exampleReel: InstagramMedia = assembleMedia({
  shortcode: 'DemoReel_01',
  id: mediaIdFromShortcode('DemoReel_01'),
  type: 'reel',
  caption: 'Two folds and a long rest. #bread',
  owner: {
    id: '4815162342',
    username: 'salt.and.north',
    fullName: 'Salt & North',
    isVerified: false,
    isPrivate: false,
    avatarUrl: 'https://scontent.cdninstagram.com/v/t51.2885-19/example_avatar.jpg?oe=6A8475D0',
    followers: 1204,
  },
  takenAtMs: Date.UTC(2026, 5, 26, 17, 30, 0),
  metrics: { likes: 2051, comments: 88, plays: 40112 },
  assets: [
    {
      type: 'video',
      url: 'https://scontent.cdninstagram.com/o1/v/t16/f2/example_reel.mp4?oe=6A8475D0',
      thumbnailUrl: 'https://scontent.cdninstagram.com/v/t51.2885-15/example_reel.jpg?oe=6A8475D0',
      width: 720,
      height: 1280,
      durationSeconds: 21.4,
    },
  ],
  children: null,
  paidPartnership: false,
  music: { title: 'Original audio', artist: 'salt.and.north', audioId: '1306000000000001', isOriginalAudio: true },
  flags: { likesHidden: false, commentsDisabled: false, isPinned: false },
});
