import { ENDPOINTS } from '../../endpoints.ts';
import { failureAlarm } from '../../billing/topups/sync.ts';
import type { App } from '../../http/context.ts';
import { checkOnce } from '../../http/limits/checkout-visit.ts';
import { TOP_UP_PAGE_POLICY, topUpPage, topUpSentence } from './page.ts';

const SESSION_ID = /^cs_\w{1,200}$/;

/** Registers the page to which Stripe sends the buyer back. It checks the order as the webhook would, so that a lost webhook does no harm. */
export function registerTopUpReturn(app: App): void {
  app.get(ENDPOINTS.topUpReturn.path, async (c) => {
    c.header('Cache-Control', 'no-store');
    c.header('Content-Security-Policy', TOP_UP_PAGE_POLICY);
    const { stripe } = c.get('service').payments;
    if (stripe === null) return c.html(topUpPage('Payments are not available', null, 'You have not been charged.'), 503);
    if (c.req.query('cancelled') !== undefined) return c.html(topUpPage('Top-up cancelled', null, 'You have not been charged.'));
    const sessionId = c.req.query('session_id') ?? '';
    if (!SESSION_ID.test(sessionId)) return c.html(topUpPage('Unknown top-up', null, 'This link does not belong to a top-up.'), 404);
    const checked = await stripe.check.bySession(sessionId, (check) => checkOnce(c, sessionId, check));
    if (!checked.ok) {
      const problem = failureAlarm(checked.error);
      if (problem !== null) c.get('event').alarm = problem;
      c.header('Retry-After', '5');
      return c.html(topUpPage('Status not available', null, 'We could not check the payment just now. Reload this page in a moment.'), 503);
    }
    const { order, alarm } = checked.value;
    if (order === null) return c.html(topUpPage('Unknown top-up', null, 'This link does not belong to a top-up.'), 404);
    c.get('event').topUpId = order.id;
    c.get('event').accountId = order.accountId;
    if (alarm !== null) c.get('event').alarm = alarm;
    return c.html(topUpPage('Your top-up', order, topUpSentence(order.state)));
  });
}
