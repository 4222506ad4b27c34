import type { LinearModel } from '../../schemas/model.ts'
import { fromScorecard } from './scorecard.ts'

/**
 * Serves until a tenant has labels of its own. Judgement, not data: somebody of whom nothing is known converts with
 * 5 %; interest counts by how lately and how strongly it was shown; asking for a demo, a meeting or an answer outweighs
 * any amount of browsing; silence, refunds and an unsubscription count against.
 */
export const LEAD_PRIOR: LinearModel = fromScorecard({
  kind: 'lead',
  version: 'lead-prior-1',
  doc: 'scorecard by judgement, for tenants without labels',
  intercept: -3,
  points: {
    engagement_1d: 0.1,
    engagement_7d: 0.25,
    engagement_30d: 0.2,
    demo_requests: 2.8,
    inquiries: 1.8,
    cart_adds: 0.9,
    meetings: 2.2,
    email_replies: 1.4,
    email_attention: 0.25,
    sessions: 0.2,
    days_inactive: -0.2,
    purchases: 0.3,
    spend: 0.03,
    refund_ratio: -0.5,
    nps: 0.1,
    csat: 0.1,
    unsubscribed: -1.5,
    subscription_active: 0.3,
    subscription_cancelled: -0.8,
  },
})
