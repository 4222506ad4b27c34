import type { LinearModel } from '../../schemas/model.ts'
import { fromScorecard } from './scorecard.ts'

/**
 * Serves until a tenant has labels of its own. Judgement, not data: a stranger leaves with 27 %; use, purchases on
 * schedule, a subscription and time together hold a customer; silence, a purchase that is overdue, refunds, failed
 * payments, open complaints, bad answers, an unsubscription and a cancellation drive one away.
 *
 * Risk never falls while nothing happens: features that fade with silence have points of 0 or less, features that grow
 * have 0 or more, all others stand still. The moment of the next band can therefore be computed.
 */
export const CHURN_PRIOR: LinearModel = fromScorecard({
  kind: 'churn',
  version: 'churn-prior-1',
  doc: 'scorecard by judgement, for tenants without labels',
  intercept: -1,
  points: {
    engagement_7d: -0.1,
    engagement_30d: -0.3,
    sessions: -0.1,
    days_inactive: 0.5,
    tenure: -0.12,
    purchases: -0.3,
    days_since_purchase: 0.1,
    purchase_overdue: 0.5,
    purchase_regularity: -0.4,
    refund_ratio: 1.2,
    failed_payments: 1,
    support_tickets: 0.5,
    nps: -0.45,
    csat: -0.7,
    unsubscribed: 0.9,
    subscription_active: -0.6,
    subscription_cancelled: 2,
  },
})
