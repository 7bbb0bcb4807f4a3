const hour = 3_600;

// The observed lifetime of the platform's media URLs: images four days, videos a day and a half.
const IMAGE_LIFETIME_SECONDS = 104 * hour;
const VIDEO_LIFETIME_SECONDS = 32 * hour;

/** Creates image and video URLs that look like the platform's and lead nowhere. */
export type Cdn = {
  image(name: string): string;
  video(name: string): string;
  audio(name: string): string;
};

/** Creates URLs signed at `nowMs` (unix milliseconds); the parameter `oe` holds the expiry as hexadecimal unix seconds. */
export function createCdn(nowMs: number): Cdn {
  const address = (path: string, name: string, ending: string, lifetimeSeconds: number) => {
    const expiry = (Math.floor(nowMs / 1_000) + lifetimeSeconds).toString(16).toUpperCase();
    return (
      `https://scontent.cdninstagram.com/${path}/sample_${name}_n.${ending}` +
      `?stp=dst-${ending}_e35&_nc_ht=scontent.cdninstagram.com&_nc_cat=100&ccb=7-5&oh=00_Sample${name}&oe=${expiry}&_nc_sid=000000`
    );
  };
  return {
    image: (name) => address('v/t51.2885-15', name, 'jpg', IMAGE_LIFETIME_SECONDS),
    video: (name) => address('o1/v/t16/f2', name, 'mp4', VIDEO_LIFETIME_SECONDS),
    audio: (name) => address('v/t39.12897-6', name, 'm4a', VIDEO_LIFETIME_SECONDS),
  };
}
