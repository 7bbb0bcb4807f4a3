import { html } from 'hono/html';
import type { TopUp, TopUpState } from '../../billing/topups/top-ups.ts';
import { formatUsd } from '../../core/money.ts';

/** The page has inline styles and loads nothing. */
export const TOP_UP_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'";

const SENTENCES: Readonly<Record<TopUpState, string>> = {
  open: 'We have not received the payment yet. Card payments usually take a few seconds.',
  paid: 'Your payment has arrived, and the credit is in your balance.',
  partly_refunded: 'Part of the payment was refunded, and its credit was removed from your balance.',
  refunded: 'The payment was refunded, and its credit was removed from your balance.',
  disputed: 'The payment is disputed, and its credit was removed from your balance.',
  expired: 'The time to pay has passed. You have not been charged.',
  failed: 'The payment failed. No credit was added.',
  under_review: 'The payment differs from the order. We will check it and correct your balance.',
};

/** The page that a buyer sees after Stripe's. It shows nothing secret: whoever has the link can open it. */
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
        <p>You can close this page. <code>GET /v1/me</code> returns the balance, <code>GET /v1/topups</code> the top-ups.</p>
      </body>
    </html>`;
}

export function topUpSentence(state: TopUpState): string {
  return SENTENCES[state];
}

function details(order: TopUp) {
  return html`<dl>
      <dt>Top-up</dt>
      <dd id="top-up">${order.id}</dd>
      <dt>Status</dt>
      <dd id="state">${order.state}</dd>
      <dt>Ordered</dt>
      <dd>${formatUsd(order.credits)}</dd>
      <dt>Credit</dt>
      <dd id="change">+${order.target.toLocaleString('en-US')} micro-credits (${formatUsd(order.target)})</dd>
    </dl>
    ${order.state === 'open' ? html`<p><a href="?session_id=${order.sessionId ?? ''}">Check again</a></p>` : ''}`;
}
