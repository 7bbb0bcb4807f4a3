/**
 * Failures of the transcription and parse boundary that can be asked for by the shortcode of the post that is read. The provider
 * fakes answer well for all of them. `tasks` are those that fail; the other one is answered well.
 */
export const BOUNDARY_FAULTS = {
  AchroHang__: {
    fault: 'timeout',
    tasks: ['transcribe', 'parse'],
    meaning: 'No response for 60 seconds, or until the caller disconnects.',
  },
  AchroSlow__: { fault: 'slow', tasks: ['transcribe', 'parse'], meaning: 'A good response after three seconds.' },
  Achro401___: { fault: 'bad_token', tasks: ['transcribe', 'parse'], meaning: 'The gateway refuses our token.' },
  Achro429___: { fault: 'rate_limited', tasks: ['transcribe', 'parse'], meaning: 'The gateway reports too many requests.' },
  Achro500___: { fault: 'server_error', tasks: ['transcribe', 'parse'], meaning: 'The gateway fails with status 500.' },
  AchroGarble: {
    fault: 'not_json',
    tasks: ['transcribe', 'parse'],
    meaning: 'A successful response that is not JSON, also on the second attempt.',
  },
  AchroShape_: {
    fault: 'wrong_shape',
    tasks: ['transcribe', 'parse'],
    meaning: 'A response of another shape, also on the second attempt.',
  },
  AchroIds___: { fault: 'unknown_ids', tasks: ['parse'], meaning: 'The output refers to comments that were not sent.' },
  AchroInject: {
    fault: 'obeys_injection',
    tasks: ['parse'],
    meaning: 'The model obeys an instruction in the untrusted text and returns the shape that it asks for.',
  },
  AchroExpire: { fault: 'media_url_expired', tasks: ['transcribe'], meaning: 'The address of the video has expired.' },
  AchroSilent: { fault: 'no_speech', tasks: ['transcribe'], meaning: 'The video has no speech.' },
  AchroLong__: { fault: 'too_long', tasks: ['transcribe'], meaning: 'The gateway finds that the video is longer than allowed.' },
} as const satisfies Readonly<
  Record<string, { readonly fault: string; readonly tasks: readonly ('transcribe' | 'parse')[]; readonly meaning: string }>
>;

/** What can go wrong at the boundary. */
export type BoundaryFault = (typeof BOUNDARY_FAULTS)[keyof typeof BOUNDARY_FAULTS]['fault'];

/** The fault that a shortcode asks for in a task, or null where the task is answered well. */
export function boundaryFaultOf(shortcode: string, task: 'transcribe' | 'parse'): BoundaryFault | null {
  if (!isFaultShortcode(shortcode)) return null;
  const { fault, tasks } = BOUNDARY_FAULTS[shortcode];
  return tasks.some((failing) => failing === task) ? fault : null;
}

function isFaultShortcode(shortcode: string): shortcode is keyof typeof BOUNDARY_FAULTS {
  return Object.hasOwn(BOUNDARY_FAULTS, shortcode);
}
