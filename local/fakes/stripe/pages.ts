import type { Answer } from '../server.ts';
import type { StripeAccount } from './account.ts';
import type { Session } from './objects.ts';
import type { Webhooks } from './webhooks.ts';

export function checkoutPage(session: Session, problem: string | null): Answer {
  const dollars = dollarsOf(session.amount_total, session.currency);
  const action = (verb: string, label: string) =>
    `<form method="post" action="/c/pay/${session.id}/${verb}"><button type="submit">${label}</button></form>`;
  const body =
    session.status === 'open'
      ? `<p>${dollars}</p>${problem === null ? '' : `<p role="alert">${escapeHtml(problem)}</p>`}
         ${action('pay', `Pay ${dollars}`)}${action('decline', 'Pay with a card that is declined')}
         ${action('delayed', 'Pay with a method that takes days')}${action('expire', 'Let the time run out')}
         ${session.cancel_url === null ? '' : `<p><a href="${escapeHtml(session.cancel_url)}">Back without paying</a></p>`}`
      : `<p>This session is ${session.status}.</p>`;
  return page("Checkout (igskill's fake of Stripe)", body);
}

/** The seller's dashboard: refund, dispute, decide a dispute, hold webhooks. */
export function dashboardPage(account: StripeAccount, webhooks: Webhooks): Answer {
  const payments = [...account.intents.values()].filter((intent) => intent.status === 'succeeded').toReversed();
  const rows = payments.map(
    (intent) => `<section id="${intent.id}"><h2>${dollarsOf(intent.amount, intent.currency)}</h2>
      <p>${escapeHtml(intent.metadata['order'] ?? 'no order')} <code>${intent.id}</code></p>
      ${form(`/dashboard/refund/${intent.id}`, '<input name="cents" placeholder="all, or cents" aria-label="Cents" />', 'Refund')}
      ${form(`/dashboard/dispute/${intent.id}`, '', 'Dispute')}
      ${[...account.refunds.values()]
        .filter((refund) => refund.payment_intent === intent.id)
        .map((refund) => `<p>Refund ${dollarsOf(refund.amount, refund.currency)}: ${refund.status}</p>`)
        .join('')}
      ${[...account.disputes.values()]
        .filter((dispute) => dispute.payment_intent === intent.id)
        .map(
          (dispute) => `<p>Dispute ${dollarsOf(dispute.amount, dispute.currency)}: ${dispute.status}</p>
          ${dispute.status === 'needs_response' ? form(`/dashboard/won/${dispute.id}`, '', 'Won') + form(`/dashboard/lost/${dispute.id}`, '', 'Lost') : ''}`,
        )
        .join('')}</section>`,
  );
  const held = webhooks.events.filter((event) => event.state === 'held').length;
  const modes = ['deliver', 'hold', 'drop'].map((mode) => form(`/dashboard/webhooks/${mode}`, '', mode)).join('');
  return page(
    "Dashboard (igskill's fake of Stripe)",
    `<p>Webhooks: ${webhooks.delivery.mode}, ${held} held. ${modes}${form('/dashboard/webhooks/release', '', 'release what is held')}</p>
     ${rows.join('') || '<p>No payment yet.</p>'}`,
  );
}

export function seeOther(location: string): Answer {
  return { status: 303, headers: { location }, body: '' };
}

function form(action: string, fields: string, label: string): string {
  return `<form method="post" action="${action}">${fields}<button type="submit">${label}</button></form>`;
}

function page(title: string, body: string): Answer {
  const text = `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>${title}</title>
    <style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}form{display:inline-block;margin:0 .5rem .5rem 0}</style>
    </head><body><h1>${title}</h1>${body}</body></html>`;
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: text };
}

function dollarsOf(cents: number, currency: string): string {
  return `${(cents / 100).toFixed(2)} ${currency.toUpperCase()}`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
