import { OpenAPIHono } from '@hono/zod-openapi';
import type { App, AppEnv, DepsFor } from './http/context.ts';
import { creditHeaders } from './http/credit-headers.ts';
import { refuse } from './http/error-response.ts';
import { PAID_PATHS, refuseInvalid, registerFallbacks } from './http/fallbacks.ts';
import { registerRateLimits, registerSecurity } from './http/openapi.ts';
import { rateLimit } from './http/rate-limit.ts';
import { requestLog } from './http/request-log.ts';
import { requireShard } from './http/owner-shard.ts';
import { requireOwner } from './http/require-owner.ts';
import { requireService } from './http/require-service.ts';
import { contentSecurityPolicy, securityHeaders } from './http/security-headers.ts';
import { wholeBody } from './http/whole-body.ts';
import { registerComments } from './routes/comments.ts';
import { registerDeferred } from './routes/deferred.ts';
import { registerDocs } from './routes/docs.ts';
import { registerHealth } from './routes/health.ts';
import { registerKey } from './routes/key.ts';
import { registerKeys } from './routes/keys.ts';
import { registerLedger } from './routes/ledger.ts';
import { registerMe } from './routes/me.ts';
import { registerOpsAccounts } from './routes/ops-accounts.ts';
import { registerOpsActions } from './routes/ops-actions.ts';
import { registerOpsAudit } from './routes/ops-audit.ts';
import { registerOpsCredits } from './routes/ops-credits.ts';
import { registerOpsHolds } from './routes/ops-holds.ts';
import { registerOpsKeys } from './routes/ops-keys.ts';
import { registerOpsMetrics } from './routes/ops-metrics.ts';
import { registerOpsReceipts } from './routes/ops-receipts.ts';
import { registerPost } from './routes/post.ts';
import { registerPricing } from './routes/pricing.ts';
import { registerReady } from './routes/ready.ts';
import { registerReceipt } from './routes/receipt.ts';
import { registerReel } from './routes/reel.ts';
import { registerSignup } from './routes/signup.ts';
import { registerStripeWebhook, STRIPE_WEBHOOK_PATH } from './routes/stripe-webhook.ts';
import { registerTopUpCheckout } from './routes/top-up-checkout.ts';
import { registerTopUpReturn } from './routes/top-up-return.ts';
import { registerTopUps } from './routes/top-ups.ts';
import { registerUsage } from './routes/usage.ts';
import { registerVersion } from './routes/version.ts';

/** The largest body any endpoint takes today is a few hundred bytes. */
const LARGEST_BODY_BYTES = 16_384;

/** Stripe's events carry whole objects, with all their metadata. */
const LARGEST_EVENT_BYTES = 524_288;

const ACCOUNT_PATHS = ['/v1/signup', '/v1/me', '/v1/keys', '/v1/keys/*', '/v1/usage', '/v1/usage/*', '/v1/ledger'];

/** The API's table of contents. */
export function createApp(depsFor: DepsFor): App {
  const app: App = new OpenAPIHono<AppEnv>({ strict: true, defaultHook: refuseInvalid });
  app.use(requestLog(depsFor));
  app.use(securityHeaders);
  app.use(contentSecurityPolicy);
  app.use(wholeBody((path) => (path === STRIPE_WEBHOOK_PATH ? LARGEST_EVENT_BYTES : LARGEST_BODY_BYTES)));
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
  for (const path of [...ACCOUNT_PATHS, '/v1/topups/*', '/topups/return', STRIPE_WEBHOOK_PATH, ...PAID_PATHS])
    app.use(path, requireService);
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
  app.use('/v1/ops/*', requireService, requireOwner, requireShard);
  registerOpsMetrics(app);
  registerOpsCredits(app);
  registerOpsAccounts(app);
  registerOpsKeys(app);
  registerOpsReceipts(app);
  registerOpsHolds(app);
  registerOpsAudit(app);
  registerOpsActions(app);
  registerRateLimits(app);
  registerFallbacks(app);
  return app;
}
