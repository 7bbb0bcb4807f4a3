import { assembleMedia, type InstagramMedia } from './media.ts';

/** An invented post for the API description: a picture, as a provider would give it. */
export const exampleMedia: InstagramMedia = assembleMedia({
  shortcode: 'DemoImage01',
  id: '4010069031083175221',
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
