/** The database did not answer; it usually does within a second or two. */
export const OVERLOADED_RETRY_SECONDS = 2;

/** A provider is busy or failing and did not say for how long. */
export const PROVIDER_RETRY_SECONDS = 30;

/** A setting is missing that only the operator can add. */
export const UNCONFIGURED_RETRY_SECONDS = 300;

/** A request with the same Idempotency-Key is still running; most take a few seconds. */
export const IN_FLIGHT_RETRY_SECONDS = 2;
