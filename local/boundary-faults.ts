/**
 * Failures of the transcription and parse boundary that can be asked for by the shortcode of the post that is read. The provider
 * stand-ins answer well for all of them. `tasks` are those that fail; the other one is answered well.
 */
export const BOUNDARY_FAULTS = {
  AchroHang__: {
    fault: 'timeout',
    tasks: ['transcribe', 'parse'],
    meaning: 'No answer comes until the caller gives up, for at most 60 seconds.',
  },
  AchroSlow__: { fault: 'slow', tasks: ['transcribe', 'parse'], meaning: 'A good answer comes after three seconds.' },
  Achro401___: { fault: 'bad_token', tasks: ['transcribe', 'parse'], meaning: 'The boundary refuses our token.' },
  Achro429___: { fault: 'rate_limited', tasks: ['transcribe', 'parse'], meaning: 'The boundary says that it is asked too often.' },
  Achro500___: { fault: 'server_error', tasks: ['transcribe', 'parse'], meaning: 'The boundary fails with status 500.' },
  AchroGarble: { fault: 'not_json', tasks: ['transcribe', 'parse'], meaning: 'A success comes that is not JSON, the second time too.' },
  AchroShape_: {
    fault: 'wrong_shape',
    tasks: ['transcribe', 'parse'],
    meaning: 'The answer is JSON of another shape, the second time too.',
  },
  AchroIds___: { fault: 'unknown_ids', tasks: ['parse'], meaning: 'The findings refer to comments that were never sent.' },
  AchroInject: {
    fault: 'obeys_injection',
    tasks: ['parse'],
    meaning: 'The model does what a stranger wrote and answers in the shape that the stranger wanted.',
  },
  AchroExpire: { fault: 'media_url_expired', tasks: ['transcribe'], meaning: 'The address of the video no longer works.' },
  AchroSilent: { fault: 'no_speech', tasks: ['transcribe'], meaning: 'Nobody speaks in the video.' },
  AchroLong__: { fault: 'too_long', tasks: ['transcribe'], meaning: 'The boundary measures a video that is longer than allowed.' },
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
