import { ENDPOINTS } from '../../endpoints.ts';
import type { App } from '../../http/context.ts';
import { TOP_UP_PAGE_POLICY, topUpPage, topUpSentence } from './page.ts';

/** What Stripe calls a session. */
const SESSION_ID = /^cs_\w{1,200}$/;

/** The page after Stripe's: looks at the order as the webhook would, so that a lost webhook costs the buyer nothing. */
export function registerTopUpReturn(app: App): void {
  app.get(ENDPOINTS.topUpReturn.path, async (c) => {
    c.header('Cache-Control', 'no-store');
    c.header('Content-Security-Policy', TOP_UP_PAGE_POLICY);
    const { payments } = c.get('service');
    if (payments === null) return c.html(topUpPage('Payments are not set up', null, 'Nothing was charged.'), 503);
    if (c.req.query('cancelled') !== undefined) return c.html(topUpPage('Nothing was paid', null, 'The top-up was left unpaid.'));
    const sessionId = c.req.query('session_id') ?? '';
    if (!SESSION_ID.test(sessionId)) return c.html(topUpPage('Unknown top-up', null, 'There is no such top-up.'), 404);
    const checked = await payments.check.bySession(sessionId);
    if (!checked.ok) {
      c.header('Retry-After', '5');
      return c.html(topUpPage('Not known yet', null, 'The payment could not be looked up just now. Reload this page in a moment.'), 503);
    }
    const { order, alarm } = checked.value;
    if (order === null) return c.html(topUpPage('Unknown top-up', null, 'There is no such top-up.'), 404);
    c.get('event').topUpId = order.id;
    c.get('event').accountId = order.accountId;
    if (alarm !== null) c.get('event').alarm = alarm;
    return c.html(topUpPage('Your top-up', order, topUpSentence(order.state)));
  });
}
