// The fields of Stripe's objects that are read here. Amounts in cents, times in unix seconds.

export type Metadata = Readonly<Record<string, string>>;

export type Session = {
  readonly id: string;
  readonly object: 'checkout.session';
  readonly mode: 'payment';
  readonly created: number;
  livemode: boolean;
  readonly client_reference_id: string | null;
  readonly metadata: Metadata;
  readonly success_url: string;
  readonly cancel_url: string | null;
  readonly expires_at: number;
  readonly allowed_payment_method_types: readonly string[] | null;
  readonly customer_details: null;
  amount_subtotal: number;
  amount_total: number;
  currency: string;
  status: 'open' | 'complete' | 'expired';
  payment_status: 'paid' | 'unpaid';
  payment_intent: string | null;
  url: string | null;
};

export type Intent = {
  readonly id: string;
  readonly object: 'payment_intent';
  readonly created: number;
  readonly livemode: false;
  readonly amount: number;
  readonly currency: string;
  readonly metadata: Metadata;
  amount_received: number;
  latest_charge: string | null;
  status: 'requires_payment_method' | 'processing' | 'succeeded' | 'canceled';
};

export type Charge = {
  readonly id: string;
  readonly object: 'charge';
  readonly created: number;
  readonly livemode: false;
  readonly amount: number;
  readonly currency: string;
  readonly metadata: Metadata;
  readonly payment_intent: string;
  readonly paid: true;
  readonly status: 'succeeded';
  amount_refunded: number;
  refunded: boolean;
  disputed: boolean;
};

export type Refund = {
  readonly id: string;
  readonly object: 'refund';
  readonly created: number;
  readonly amount: number;
  readonly currency: string;
  readonly charge: string;
  readonly payment_intent: string;
  readonly reason: string | null;
  status: 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled';
};

export type Dispute = {
  readonly id: string;
  readonly object: 'dispute';
  readonly created: number;
  readonly livemode: false;
  readonly amount: number;
  readonly currency: string;
  readonly charge: string;
  readonly payment_intent: string;
  readonly reason: 'fraudulent';
  status: 'needs_response' | 'under_review' | 'won' | 'lost';
};

/** An API error in Stripe's own words. */
export type Refusal = {
  readonly status: 400 | 401 | 402 | 404;
  readonly type: 'invalid_request_error' | 'idempotency_error' | 'card_error';
  readonly message: string;
  readonly param?: string;
  readonly code?: string;
};
