import { html } from 'hono/html';
import type { TopUp, TopUpState } from '../../billing/topups/top-ups.ts';
import { formatUsd } from '../../core/money.ts';

/** The page's style is its own; it loads and runs nothing. */
export const TOP_UP_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'";

const SENTENCES: Readonly<Record<TopUpState, string>> = {
  open: 'The payment has not arrived yet.',
  paid: 'The payment has arrived.',
  partly_refunded: 'A part of the payment was refunded.',
  refunded: 'The payment was refunded.',
  disputed: 'The payment is disputed.',
  expired: 'The time to pay has passed. Nothing was charged.',
  failed: 'The payment failed. Nothing was credited.',
  under_review: 'What was paid is not what was ordered. A person will look at it.',
};

/** What a buyer sees after Stripe's page. `order` is null where nothing was paid or the session is unknown; nothing on it is secret. */
export function topUpPage(heading: string, order: TopUp | null, sentence: string) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href="data:," />
        <title>igskill top-up</title>
        <style>
          body {
            font:
              16px/1.5 system-ui,
              sans-serif;
            max-width: 32rem;
            margin: 4rem auto;
            padding: 0 1rem;
          }
          dt {
            color: #555;
          }
          dd {
            margin: 0 0 0.75rem;
            font-weight: 600;
          }
        </style>
      </head>
      <body>
        <h1>${heading}</h1>
        <p>${sentence}</p>
        ${order === null ? '' : details(order)}
        <p>You can close this page. <code>GET /v1/me</code> shows the balance, <code>GET /v1/topups</code> the top-ups.</p>
      </body>
    </html>`;
}

/** The sentence about an order's state. */
export function topUpSentence(state: TopUpState): string {
  return SENTENCES[state];
}

function details(order: TopUp) {
  return html`<dl>
      <dt>Top-up</dt>
      <dd id="top-up">${order.id}</dd>
      <dt>State</dt>
      <dd id="state">${order.state}</dd>
      <dt>Ordered</dt>
      <dd>${formatUsd(order.credits)}</dd>
      <dt>Balance</dt>
      <dd id="change">+${order.target.toLocaleString('en-US')} micro-credits (${formatUsd(order.target)})</dd>
    </dl>
    ${order.state === 'open' ? html`<p><a href="?session_id=${order.sessionId ?? ''}">Look again</a></p>` : ''}`;
}
