import { createMiddleware } from 'hono/factory';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { App, AppEnv, DepsFor } from './http/context.ts';
import { negotiatedFormat } from './http/format/negotiated.ts';
import { creditHeaders } from './http/middleware/credit-headers.ts';
import { refuse } from './http/error-response.ts';
import { ENDPOINTS, OPERATOR_PREFIX, PAID_PATHS, SERVICE_PATHS } from './endpoints.ts';
import { refuseInvalid, registerFallbacks } from './http/fallbacks.ts';
import { registerRateLimits, registerSecurity } from './http/openapi.ts';
import { rateLimit } from './http/limits/rate-limit.ts';
import { requestLog } from './http/middleware/request-log.ts';
import { requireShard } from './http/auth/operator-shard.ts';
import { requireOperator } from './http/auth/require-operator.ts';
import { contentSecurityPolicy, securityHeaders } from './http/middleware/security-headers.ts';
import { bodyLimit } from './http/middleware/body-limit.ts';
import { registerComments } from './routes/reads/comments.ts';
import { registerDeferred } from './routes/service/planned.ts';
import { registerDocs } from './routes/service/docs.ts';
import { registerHealth } from './routes/service/health.ts';
import { registerKey } from './routes/keys/key.ts';
import { registerKeys } from './routes/keys/keys.ts';
import { registerLedger } from './routes/account/ledger.ts';
import { registerMe } from './routes/account/me.ts';
import { registerOpsAccounts } from './routes/operator/accounts.ts';
import { registerOpsActions } from './routes/operator/actions.ts';
import { registerOpsAudit } from './routes/operator/audit.ts';
import { registerOpsCredits } from './routes/operator/credits.ts';
import { registerOpsHolds } from './routes/operator/holds.ts';
import { registerOpsKeys } from './routes/operator/keys.ts';
import { registerOpsRootKey } from './routes/operator/root-key.ts';
import { registerOpsMetrics } from './routes/operator/metrics.ts';
import { registerOpsReceipts } from './routes/operator/receipts.ts';
import { registerPost } from './routes/reads/post.ts';
import { registerPricing } from './routes/service/pricing.ts';
import { registerReady } from './routes/service/ready.ts';
import { registerReceipt } from './routes/account/receipt.ts';
import { registerReel } from './routes/reads/reel.ts';
import { registerSignup } from './routes/account/signup.ts';
import { registerStripeWebhook } from './routes/topups/stripe-webhook.ts';
import { registerTopUpCheckout } from './routes/topups/checkout.ts';
import { registerTopUpReturn } from './routes/topups/return.ts';
import { registerTopUps } from './routes/topups/top-ups.ts';
import { registerUsage } from './routes/account/usage.ts';
import { registerVersion } from './routes/service/version.ts';

/** The largest body of any operation is a few hundred bytes. */
const LARGEST_BODY_BYTES = 16_384;

/** Stripe's events carry whole objects with their metadata. */
const LARGEST_EVENT_BYTES = 524_288;

export function createApp(depsFor: DepsFor): App {
  // Not strict: a path with a trailing slash is the path without it, for every middleware and in the log too.
  const app: App = new OpenAPIHono<AppEnv>({ strict: false, defaultHook: refuseInvalid });
  app.use(requestLog(depsFor));
  app.use(negotiatedFormat);
  app.use(securityHeaders);
  app.use(contentSecurityPolicy);
  app.use(bodyLimit((path) => (path === ENDPOINTS.receiveStripeEvent.path ? LARGEST_EVENT_BYTES : LARGEST_BODY_BYTES)));
  app.use('/v1/*', creditHeaders);
  for (const path of PAID_PATHS) {
    app.use(path, async (c, next) => {
      if (c.req.method !== 'HEAD') return next();
      c.header('Allow', 'GET, OPTIONS');
      return refuse(c, { code: 'method_not_allowed' });
    });
  }
  app.use(rateLimit);
  registerSecurity(app);
  registerHealth(app);
  registerReady(app);
  registerVersion(app);
  registerPricing(app);
  registerDocs(app);
  registerDeferred(app);
  for (const path of SERVICE_PATHS) app.use(path.replaceAll(/{(\w+)}/g, ':$1'), requireService);
  registerSignup(app);
  registerMe(app);
  registerKeys(app);
  registerKey(app);
  registerUsage(app);
  registerReceipt(app);
  registerLedger(app);
  registerPost(app);
  registerReel(app);
  registerComments(app);
  registerTopUpCheckout(app);
  registerTopUps(app);
  registerTopUpReturn(app);
  registerStripeWebhook(app);
  app.use(`${OPERATOR_PREFIX}*`, requireService, requireOperator, requireShard);
  registerOpsMetrics(app);
  registerOpsCredits(app);
  registerOpsAccounts(app);
  registerOpsRootKey(app);
  registerOpsKeys(app);
  registerOpsReceipts(app);
  registerOpsHolds(app);
  registerOpsAudit(app);
  registerOpsActions(app);
  registerRateLimits(app);
  registerFallbacks(app);
  return app;
}

/** Refuses while settings are missing; /ready names them. After it, `c.get('service')` is there. */
const requireService = createMiddleware<AppEnv>(async function requireService(c, next) {
  const { service } = c.get('deps');
  if (!service.ok) return refuse(c, { code: 'misconfigured' });
  c.set('service', service.value);
  if (service.value.shard !== 0) c.get('event').shard = service.value.shard;
  return next();
});
